//! Programs that give credentials, as a kubeconfig names them.

use std::collections::BTreeSet;

use kube::config::AuthInfo;

/// How the variables begin by which the programs of clouds sign in. They stay, also where the configuration takes a
/// secret from one of them: without it the program would not know who we are.
const OF_CLOUDS: [&str; 9] =
    ["AWS_", "AZURE_", "GOOGLE_", "CLOUDSDK_", "OCI_", "OS_", "ALIBABA_CLOUD_", "DIGITALOCEAN_", "KUBE"];

/// A program that gives credentials.
pub(super) struct Plugin {
    pub(super) command: String,
    pub(super) hint: Option<String>,
}

impl Plugin {
    /// The program that gives a user's credentials, if one does.
    pub(super) fn of(user: AuthInfo) -> Option<Self> {
        let exec = user.exec.map(|exec| (exec.command.unwrap_or_default(), exec.install_hint));
        // The older form, which some files of cloud providers still have.
        let older = || Some((user.auth_provider?.config.get("cmd-path")?.clone(), None));
        let (command, hint) = exec.or_else(older)?;
        Some(Self { command, hint })
    }
}

/// Those of these variables of the environment that no program gets.
pub(super) fn withheld(names: &BTreeSet<String>) -> BTreeSet<String> {
    let is_of_cloud = |name: &&String| OF_CLOUDS.iter().any(|prefix| name.starts_with(prefix));
    names.iter().filter(|name| !is_of_cloud(name)).cloned().collect()
}

/// Keeps these variables of the environment from the user's program. What the kubeconfig itself sets stays.
pub(super) fn withhold(user: &mut AuthInfo, names: &BTreeSet<String>) {
    let names = withheld(names);
    let names = names.iter();
    if let Some(exec) = &mut user.exec {
        let set = exec.env.iter().flatten().filter_map(|variable| variable.get("name"));
        let set: BTreeSet<&String> = set.collect();
        exec.drop_env.get_or_insert_default().extend(names.filter(|name| !set.contains(name)).cloned());
    } else if let Some(older) = &mut user.auth_provider {
        let dropped = older.config.entry("cmd-drop-env".to_owned()).or_default();
        names.for_each(|name| dropped.extend([" ", name]));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(text: &str) -> AuthInfo {
        serde_saphyr::from_str(text).unwrap()
    }

    fn names() -> BTreeSet<String> {
        ["TOKEN", "SET", "AWS_SECRET_ACCESS_KEY"].map(str::to_owned).into()
    }

    #[test]
    fn a_plugin_of_the_older_form_has_its_name_too() {
        let older = user("auth-provider: { name: gcp, config: { cmd-path: gcloud } }");
        assert_eq!(Plugin::of(older).unwrap().command, "gcloud");
        assert!(Plugin::of(AuthInfo::default()).is_none());
    }

    #[test]
    fn a_program_is_given_no_secret_but_what_the_kubeconfig_sets_and_what_it_signs_in_with() {
        let mut exec = user("exec: { command: x, env: [{ name: SET, value: y }] }");
        withhold(&mut exec, &names());
        assert_eq!(exec.exec.unwrap().drop_env, Some(vec!["TOKEN".to_owned()]));
    }

    #[test]
    fn the_older_form_is_given_no_secret_either() {
        let mut older = user("auth-provider: { name: gcp, config: { cmd-path: x } }");
        withhold(&mut older, &names());
        assert_eq!(older.auth_provider.unwrap().config["cmd-drop-env"].trim(), "SET TOKEN");
    }
}
