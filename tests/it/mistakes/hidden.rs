//! No line of a block that is or may be a secret is drawn beside a mistake. The place and the words stay.

use crate::harness::{Ended, HEAD, Namespace};

tests! {
    no_line_of_a_secret_is_drawn,
    no_line_of_another_file_of_a_secret_is_drawn,
    no_password_of_a_registry_is_drawn,
    no_comment_is_drawn,
    no_value_of_an_unknown_key_is_drawn,
    no_login_in_a_url_is_said_or_drawn,
    what_may_be_a_login_is_neither_said_nor_drawn,
    no_login_is_drawn_of_a_file_that_cannot_be_read_as_a_whole,
    the_refusal_of_a_login_says_where_it_belongs,
    harmless_lines_are_drawn,
}

const CANARY: &str = "hunter2-canary";

/// Validates a configuration with a mistake, which holds the canary.
#[track_caller]
fn hides(config: &str) -> Ended {
    let ns = Namespace::absent();
    let project = ns.project().write("regplan.toml", &format!("{HEAD}\n{config}"));
    let ended = ["validate", "plan"].map(|command| project.run([command]).code(1));
    for ended in &ended {
        ended.stderr_contains("regplan.toml:");
        let said = format!("{}{}", ended.stdout(), ended.stderr());
        assert!(!said.contains("hunter2"), "of\n{config}\nis said\n{said}");
    }
    let [validated, _] = ended;
    validated
}

fn no_line_of_a_secret_is_drawn() {
    let object = "[resource.s]\napiVersion = \"v1\"\n";
    let secret = format!("{object}kind = \"Secret\"\n");
    let login = format!("stringData = {{ password = \"{CANARY}\" }}\n");
    for config in [
        // A misspelt key of ours, on the line of a secret and beside it.
        format!("{secret}data = {{ password = \"{CANARY}\" }}\ndepends_on = [\"resource.gone\"]\n"),
        format!("{secret}lifecycle = {{ protekt = true }}\n{login}"),
        format!("{secret}lifecycle.ready = \"never\" # {CANARY}\n"),
        format!("[resource.s]\n# {CANARY}\napiVersion = \"v1\"\nkind = \"Secret\"\ndepends_on = [\"x\"]\n"),
        format!(
            "resource.s = {{ kind = \"Secret\", apiVersion = \"v1\", data = {{ a = \"{CANARY}\", b = \"${{x}}\" }} }}\n"
        ),
        // Whatever the kind is called, or where it stands.
        format!("{object}kind = \"secret\"\ndata.a = \"${{var.gone}}\"\ndata.b = \"{CANARY}\"\n"),
        format!("{object}kind = \"Sercet\"\ndata.a = \"${{var.gone}}\"\ndata.b = \"{CANARY}\"\n"),
        format!("{object}knid = \"Secret\"\ndata.b = \"{CANARY}\"\n"),
        format!("{object}data.b = \"{CANARY}\"\n"),
        format!("{object}data.b = \"{CANARY}\"\nkind = 5\n"),
        format!("{object}kind = \"Opaque\"\n{login}metadata.annotations.a = \"${{var.gone}}\"\n"),
        format!(
            "{secret}metadata.annotations = {{ data = {{ password = \"{CANARY}\" }}, x = \"${{var.gone}}\" }}\n"
        ),
        format!(
            "{object}kind = \"List\"\nitems = [{{ kind = \"Secret\", data = {{ a = \"{CANARY}\", b = \"${{var.b}}\" }} }}]\n"
        ),
        // Of several lines.
        format!("{secret}data.a = \"\"\"\n[resource.x]\n{CANARY}\n${{var.gone}}\n\"\"\"\n"),
        format!("{secret}[resource.s.data]\na = [\n  \"{CANARY}\",\n  \"${{var.gone}}\",\n]\n"),
        // Where nobody knows the table.
        format!("[resorce.s]\nkind = \"Secret\"\ndata.a = \"{CANARY}\"\n"),
        format!("[resource]\nkind = \"Secret\"\n{login}"),
        format!("[resource]\ndata = {{ a = \"{CANARY}\" }}\nkind = \"Secret\"\n"),
        // A key or a header twice.
        format!("{secret}data.a = \"{CANARY}-1\"\ndata.a = \"{CANARY}-2\"\n"),
        format!("[resource.s]\nkind = \"ConfigMap\"\n[resource.s]\ndata.secret = \"{CANARY}\"\n"),
        // What is no TOML.
        format!("{secret}data = {{ password = \"{CANARY}\"\n"),
        format!("{secret}data.password = \"{CANARY}\n"),
        format!("{secret}data.password: \"{CANARY}\"\n"),
        format!("{secret}data.password = {CANARY}\n"),
        format!("{object}kind = Secret\ndata.password = \"{CANARY}\"\n"),
        format!("[resource.s\nkind = \"Secret\"\ndata.password = \"{CANARY}\"\n"),
        format!("{secret}stringData.a = \"begin\n{CANARY} = 5\n{CANARY} = 6\n"),
        // Sources of secrets, and sensitive variables.
        format!("[secret.a]\nvalue = \"{CANARY}\"\n"),
        format!("[secret]\na = \"{CANARY}\"\n"),
        format!("[secret.a]\ngenerate = {{ length = 8, value = \"{CANARY}\" }}\n"),
        format!("[secret.a]\nenv = \"A\"\nenv_file = [\"{CANARY}\"]\n"),
        format!("[variable.a]\nsensitive = true\ndefault = \"{CANARY}\"\n"),
        format!("[variable.a]\nsensitve = true\ndefault = \"{CANARY}\"\n"),
        format!("[variable.a]\nsensitive = \"true\"\ndefault = \"{CANARY}\"\n"),
        format!("[variable.a]\nsensitive = true\ndefualt = \"{CANARY}\"\n"),
        format!("[variable.a]\nsensitive = true\ndefault = \"{CANARY}\n"),
    ] {
        hides(&config);
    }
}

fn no_line_of_another_file_of_a_secret_is_drawn() {
    let ns = Namespace::absent();
    let secret = "[resource.s]\napiVersion = \"v1\"\nkind = \"Secret\"\n";
    for (base, over) in [
        (secret.to_owned(), format!("[resource.s.data]\na = \"{CANARY}\"\nb = \"${{var.gone}}\"\n")),
        (secret.to_owned(), format!("[resource.s.data]\na = \"{CANARY}\n")),
        (
            format!("{secret}data.a = \"{CANARY}\"\ndata.b = \"${{var.gone}}\"\n"),
            "[resource.s]\ndata.a = \"x\"\n".to_owned(),
        ),
        (
            "[variable.a]\nsensitive = true\n".to_owned(),
            format!("[variable.a]\ndefault = \"{CANARY}\"\n[resource.x]\n"),
        ),
        (
            format!("[registry.main]\nhots = \"x\"\nauth.users.ci = \"{CANARY}\"\n"),
            "[registry.main]\nauth.users.ci = { env = \"CI\" }\n".to_owned(),
        ),
    ] {
        let project =
            ns.project().write("regplan.toml", &format!("{HEAD}\n{base}")).write("over.toml", &over);
        let ended = project.run(["validate", "-f", "regplan.toml", "-f", "over.toml"]).code(1);
        ended.stderr_contains(".toml:").stderr_lacks("hunter2");
    }
}

fn no_password_of_a_registry_is_drawn() {
    let main = "[registry.main]\nhost = \"r.example.com\"\nimage = \"registry:3\"\n";
    for config in [
        format!("{main}auth.users.ci = \"{CANARY}\"\n"),
        format!("{main}auth.users = {{ ci = {{ env = \"X\", value = \"{CANARY}\" }} }}\n"),
        format!("{main}auth = {{ usres = {{ ci = \"{CANARY}\" }} }}\n"),
        format!("{main}auht = {{ users = {{ ci = \"{CANARY}\" }} }}\n"),
        format!("{main}users = {{ ci = \"{CANARY}\" }}\n"),
        format!("{main}http.secrets = \"{CANARY}\"\n"),
        format!("{main}storage.s3 = {{ bucket = \"images\", secret_key = \"{CANARY}\" }}\n"),
        format!("{main}storage.s3 = {{ bucket = \"images\", secretkey = \"{CANARY}\" }}\n"),
        format!("{main}[registry.main.storage.s3]\nbukket = \"images\"\nsecret_key = \"{CANARY}\"\n"),
        format!("{main}[registry.main.auth.users]\nci = \"{CANARY}\nx = 1\n"),
        format!("{main}[registry.main.auth.users\nci = \"{CANARY}\"\n"),
    ] {
        hides(&config);
    }
}

fn no_comment_is_drawn() {
    let map = "[resource.a]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    let gone = "depends_on = [\"resource.gone\"]";
    for config in [
        format!("{map}# {CANARY}\n{gone}\n"),
        format!("{map}{gone} # {CANARY}\n"),
        format!("{map}{gone}\n# was: {CANARY}\n"),
        format!("{map}data.a = \"#\" # {CANARY}\n{gone}\n"),
        format!("{map}depends_on = [ # {CANARY}\n  \"resource.gone\", # {CANARY}\n]\n"),
        format!("[resource.a] # {CANARY}\nkind = 5\n"),
        format!("[cluster]\n# {CANARY}\ncontxt = 1\n"),
        // What is no TOML.
        format!("{map}data.a = \"x\n# {CANARY}\n"),
        format!("{map}data.a = x # {CANARY}\n"),
        format!("{map}data.a = \"1\" # {CANARY}\ndata.a = \"2\"\n"),
    ] {
        hides(&config);
    }
}

fn no_value_of_an_unknown_key_is_drawn() {
    let main = "[registry.main]\nhost = \"r.example.com\"\nimage = \"registry:3\"\n";
    let file = "[manifest.a]\npath = \"x.yaml\"\n";
    for config in [
        format!("[cluster]\npwd = \"{CANARY}\"\n"),
        format!("[cluster]\npwd = [\"{CANARY}\"]\ncontxt = \"a\"\n"),
        format!("[cluster.login]\npwd = \"{CANARY}\"\n"),
        format!("[state]\npwd = \"{CANARY}\"\n"),
        format!("[state]\npwd = \"\"\"\n{CANARY}\n\"\"\"\npth = \"x\"\n"),
        format!("cluster = \"{CANARY}\"\n"),
        format!("{main}pwd = \"{CANARY}\"\n"),
        format!("{main}auth = \"{CANARY}\"\n"),
        format!("registry.main = \"{CANARY}\"\n"),
        format!("{file}pwd = \"{CANARY}\"\n"),
        format!("{file}lifecycle.pwd = \"{CANARY}\"\n"),
        format!("{file}lifecycle.timeouts = {{ pwd = \"{CANARY}\" }}\n"),
        format!("[[moved]]\nfrom = \"resource.a\"\nto = \"resource.b\"\npwd = \"{CANARY}\"\n"),
        // What is no TOML.
        format!("[cluster]\npwd = \"{CANARY}\n"),
        format!("[cluster]\npwd = {CANARY}\n"),
        format!("[cluster]\npwd = \"a\"\npwd = \"{CANARY}\"\n"),
        format!("[cluster]\npwd = [\n  \"{CANARY}\",\n  x,\n]\n"),
        format!("{file}lifecycle.pwd = \"{CANARY}\n"),
        format!("{file}[manifest.a.lifecycle]\npwd = \"{CANARY}\n"),
        format!("[clustr]\ncontext = \"{CANARY}\n"),
    ] {
        hides(&config);
    }
    let ns = Namespace::absent();
    let project = "[project]\nname = \"p\"\npwd = \"hunter2\"\n";
    let refused = ns.project().write("regplan.toml", project).run(["validate"]).code(1);
    refused.stderr_lacks("hunter2").stderr_contains("pwd = *").stderr_contains("regplan.toml:3:1");
}

/// Each key that takes a URL, with a configuration in which `URL` stands for it.
fn places_of_urls() -> Vec<(&'static str, String)> {
    let dns = "[dns.d]\nname = \"r.example.org\"\nzone = \"example.org\"\nvalues = [\"192.0.2.1\"]\n";
    let chart = "[chart.c]\nnamespace = \"n\"\nversion = \"1.2.3\"\n";
    let issuer = "[issuer.i]\nacme.email = \"ops@example.org\"\nacme.http01.class = \"contour\"\n";
    let state = "[state]\nbackend = \"s3\"\nbucket = \"states\"\n";
    let registry = "[registry.r]\nhost = \"r.example.com\"\nimage = \"registry:3\"\n[registry.r.storage.s3]\nbucket = \"images\"\n";
    vec![
        ("state.endpoint", format!("{state}endpoint = \"URL\"\n")),
        ("registry.r.storage.s3.endpoint", format!("{registry}endpoint = \"URL\"\n")),
        (
            "dns.d.cloudflare.url",
            format!("{dns}cloudflare = {{ api_token = {{ env = \"T\" }}, url = \"URL\" }}\n"),
        ),
        (
            "dns.d.digitalocean.url",
            format!("{dns}digitalocean = {{ token = {{ env = \"T\" }}, url = \"URL\" }}\n"),
        ),
        ("chart.c.repo", format!("{chart}chart = \"web\"\nrepo = \"URL\"\n")),
        ("chart.c.chart", format!("{chart}chart = \"URL\"\n")),
        ("issuer.i.acme.server", format!("{issuer}acme.server = \"URL\"\n")),
    ]
}

/// The help of the only mistake, in one line.
fn help(refused: &Ended) -> String {
    let help = refused.stderr().split("help: ").nth(1).unwrap_or_default();
    let help = help.split("\n\n").next().unwrap_or_default();
    help.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn no_login_in_a_url_is_said_or_drawn() {
    for (key, config) in places_of_urls() {
        let scheme = if key == "chart.c.chart" { "oci" } else { "https" };
        for url in [
            format!("{scheme}://me:{CANARY}@host.example.org"),
            format!("{scheme}://{CANARY}@host.example.org"),
            // What ends the host, and is in the password.
            format!("{scheme}://me:a/{CANARY}@host.example.org"),
            format!("{scheme}://me:a?{CANARY}@host.example.org"),
            format!("{scheme}://me:a#{CANARY}@host.example.org"),
            // What is wrong in another way too.
            format!("me:{CANARY}@host.example.org"),
            format!("{scheme}:/me:{CANARY}@host.example.org"),
            format!("{scheme}:///me:{CANARY}@host.example.org"),
            format!("http://me:{CANARY}@host.example.org/a/b"),
            // With references.
            format!("{scheme}://me:{CANARY}@${{secret.host}}"),
            format!("{scheme}://me:{CANARY}@${{namespace.n/Service/s.spec.clusterIP}}/web"),
        ] {
            let config = format!("{}[secret.host]\nenv = \"H\"\n", config.replace("URL", &url));
            let refused = hides(&config);
            refused.stderr_contains(&format!("`{key}` has a user or a password in it"));
            assert!(help(&refused).ends_with("change the password if this file was shared"), "{url}");
        }
        hides(&config.replace("URL", &format!("https://me:{CANARY}@${{var.gone}}")));
    }
}

fn what_may_be_a_login_is_neither_said_nor_drawn() {
    for (key, config) in places_of_urls() {
        // These are no logins where the value is a path.
        if key != "chart.c.chart" {
            for url in [format!("{CANARY}@host.example.org"), format!("/me:{CANARY}@host.example.org")] {
                hides(&config.replace("URL", &url));
            }
        }
        hides(&config.replace("\"URL\"", &format!("[\"me:{CANARY}@host.example.org\"]")));
        hides(&config.replace("\"URL\"", &format!("{{ x = \"me:{CANARY}@host.example.org\" }}")));
        if key.ends_with("endpoint") {
            hides(&config.replace("URL", &format!("https://me:12/{CANARY}@host.example.org")));
        }
        if key.starts_with("registry") {
            hides(&config.replace("URL", &format!("https://me:12?{CANARY}@host.example.org")));
        }
    }
    // Where no URL belongs.
    hides(&format!("[registry.r]\nhost = \"https://me:{CANARY}@host\"\nimage = \"registry:3\"\n"));
}

fn no_login_is_drawn_of_a_file_that_cannot_be_read_as_a_whole() {
    let state = "[state]\nbackend = \"s3\"\nbucket = \"states\"\n";
    for config in [
        format!("{state}endpoint = \"https://minio\"\nendpoint = \"https://me:{CANARY}@minio\"\n"),
        format!("{state}endpoint = \"https://minio\"\nendpoint = \"https:/me:{CANARY}@minio\"\n"),
        format!("{state}endpoint = \"https://minio\"\nendpoint = \"me:{CANARY}@minio\"\n"),
        format!("{state}endpoint = \"me:{CANARY}@minio\"\nendpoint = \"https://minio\"\n"),
        format!("{state}endpoint = \"https://me:a/{CANARY}@minio\"\nendpoint = \"https://minio\"\n"),
        format!("{state}endpoint: \"https://me:{CANARY}@minio\"\n"),
        format!("{state}endpoint = https://me:{CANARY}@minio\n"),
        format!("{state}endpoint = \"me:{CANARY}@minio\n"),
        format!("[chart.c]\nchart = \"web\"\nrepo = \"https://me:{CANARY}@host\n"),
        format!("[manifest.a]\npath = \"https://me:{CANARY}@host\n"),
    ] {
        hides(&config);
    }
}

fn the_refusal_of_a_login_says_where_it_belongs() {
    let ns = Namespace::absent();
    for (key, config) in places_of_urls() {
        let config = config.replace("URL", "https://me:word@host.example.org");
        let project = ns.project().write("regplan.toml", &format!("{HEAD}\n{config}"));
        let refused = project.run(["validate"]).code(1);
        let instead = match key {
            "state.endpoint" => "the credentials of a store come from the environment",
            "registry.r.storage.s3.endpoint" => "the keys are `access_key` and `secret_key`",
            "dns.d.cloudflare.url" => "the key is `api_token`",
            "dns.d.digitalocean.url" => "the key is `token`",
            "chart.c.repo" => "download the chart with `helm pull`",
            "chart.c.chart" => "`docker login HOST`",
            _ => "take them out of the URL; change",
        };
        assert!(help(&refused).contains(instead), "{}", refused.stderr());
    }
}

fn harmless_lines_are_drawn() {
    let ns = Namespace::absent();
    let map = "[resource.a]\napiVersion = \"v1\"\nkind = \"ConfigMap\"\n";
    for (config, drawn) in [
        (format!("{map}depends_on = [\"resource.gone\"]\n"), "depends_on = [\"resource.gone\"]"),
        (format!("{map}data.a = \"x\n"), "data.a = \"x"),
        (
            format!("{map}data.token = \"${{var.gone}}\"\n[secret.s]\nenv = \"S\"\n"),
            "data.token = \"${var.gone}\"",
        ),
        ("[variable.a]\ntype = \"number\"\ndefault = \"many\"\n".to_owned(), "default = \"many\""),
        ("[manifest.a]\npath = \"x\"\nonyl = []\n[secret.s]\nenv = \"S\"\n".to_owned(), "onyl = []"),
        (
            "[chart.a]\nchart = \"oci://host:5000/web@sha256:12\"\nnamespace = 5\n".to_owned(),
            "\"oci://host:5000/web@sha256:12\"",
        ),
        (
            "[chart.a]\nchart = \"web\"\nrepo = \"https://host/a@b\"\nnamespace = 5\n".to_owned(),
            "\"https://host/a@b\"",
        ),
        ("[issuer.i.acme]\nemail = \"ops@example.org\"\nserver = 5\n".to_owned(), "\"ops@example.org\""),
    ] {
        let project = ns.project().write("regplan.toml", &format!("{HEAD}\n{config}"));
        project.run(["validate"]).code(1).stderr_contains(drawn);
    }
}
