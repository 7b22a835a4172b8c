//! `storage.s3` of a registry.

use super::registries::replaced;
use super::*;

/// The smallest registry with a bucket, of this version and with these keys of the bucket.
fn in_bucket(image: &str, keys: &str) -> String {
    replaced("storage.volume.size = '1Gi'", "").replace("registry:3.1.1", image)
        + &format!("[registry.main.storage.s3]\nbucket = 'images'\n{keys}\n")
}

const KEYS: &str = "access_key = { env = 'KEY' }\nsecret_key = { env = 'SECRET' }\n";

#[test]
fn a_bucket_takes_the_place_of_the_volume() {
    let text = in_bucket(
        "registry:3.1.1",
        &format!("endpoint = 'https://fra1.digitaloceanspaces.com'\nprefix = 'a/b'\n{KEYS}"),
    );
    let resources = fine(&text);
    let addresses: Vec<_> = resources.iter().map(|desired| desired.address.to_string()).collect();
    assert!(!addresses.iter().any(|address| address.contains("PersistentVolumeClaim")), "{addresses:?}");
    let deployment = object(&resources, "registry.main/Deployment/registry");
    assert_eq!(deployment.object["spec"]["strategy"]["type"], "RollingUpdate");
    assert_eq!(deployment.origin(&path("spec.strategy")).unwrap().key, "registry.main.storage.s3");
    let pod = &deployment.object["spec"]["template"]["spec"];
    assert_eq!(pod["volumes"], json!([{"name": "config", "configMap": {"name": "registry"}}]));
    let container = &pod["containers"][0];
    assert_eq!(container["volumeMounts"].as_array().unwrap().len(), 1);
    let key = |name: &str, key: &str| json!({"name": name, "valueFrom": {"secretKeyRef": {"name": "registry-s3", "key": key}}});
    let env = container["env"].as_array().unwrap();
    assert_eq!(
        env[1..3],
        [key("AWS_ACCESS_KEY_ID", "access-key"), key("AWS_SECRET_ACCESS_KEY", "secret-key")]
    );
    let before_ready = container["readinessProbe"]["initialDelaySeconds"].as_u64().unwrap();
    let secret = object(&resources, "registry.main/Secret/registry-s3");
    assert_eq!(secret.object["data"], json!({"access-key": "VEVYVA==", "secret-key": "VEVYVA=="}));
    assert!(secret.is_sensitive(&path("data.secret-key")));
    let map = object(&resources, "registry.main/ConfigMap/registry");
    let config = map.object["data"]["config.yml"].as_str().unwrap();
    insta::assert_snapshot!(config);
    let health = &serde_saphyr::from_str::<Value>(config).unwrap()["health"]["storagedriver"];
    let seconds = health["interval"].as_str().unwrap().trim_end_matches('s').parse::<u64>().unwrap();
    assert!(
        before_ready > seconds * health["threshold"].as_u64().unwrap(),
        "a wrong key is found out before"
    );
    // Any number of pods shares it.
    object(
        &fine(&text.replacen("auth", "replicas = 3\nauth", 1)),
        "registry.main/PodDisruptionBudget/registry",
    );
}

#[test]
fn both_versions_find_the_bucket_in_the_same_way() {
    let storage = |image: &str, keys: &str| -> Value {
        let resources = fine(&in_bucket(image, keys));
        let map = object(&resources, "registry.main/ConfigMap/registry");
        let text = map.object["data"]["config.yml"].as_str().unwrap();
        serde_saphyr::from_str::<Value>(text).unwrap()["storage"].clone()
    };
    for keys in [
        "region = 'eu-central-1'",
        "endpoint = 'http://minio.storage.svc:9000'\naccess_key.env = 'A'\nsecret_key.env = 'B'",
    ] {
        assert_eq!(storage("registry:2.8.3", keys), storage("registry:3.1.1", keys));
    }
    let amazon = storage("registry:3.1.1", "region = 'eu-central-1'\nredirect = true\nencrypt = true");
    let s3 = json!({"bucket": "images", "region": "eu-central-1", "encrypt": true});
    assert_eq!(amazon, json!({"s3": s3, "delete": {"enabled": true}}));
    let host_style = storage(
        "registry:3.1.1",
        &format!("endpoint = 'https://s3.example.com'\nregion = '0123'\npath_style = false\n{KEYS}"),
    );
    let s3 = json!({"bucket": "images", "region": "0123", "regionendpoint": "https://s3.example.com"});
    assert_eq!(host_style["s3"], s3);
    assert_eq!(host_style["redirect"], json!({"disable": true}));
}

#[test]
fn other_keys_of_the_store_roll_the_pods() {
    let sum = |keys: &str, secret: SecretText| {
        let text = in_bucket("registry:3.1.1", &format!("region = 'eu-central-1'\n{keys}"));
        let resources = compiled_with(&text, "", &secret).unwrap().resources;
        let deployment = object(&resources, "registry.main/Deployment/registry").clone();
        let at = path("spec.template.metadata.annotations").key("regplan.dev/config-checksum");
        (at.get(&deployment.object).unwrap().clone(), deployment.unchecked.get(&at).is_some())
    };
    // Each text is that of every secret here, also of that with which the sum is made.
    let known = || SecretText::Known("TEXT".into());
    let (without, _) = sum("", known());
    let (with, is_unchecked) = sum(KEYS, known());
    assert_ne!(without, with);
    assert!(!is_unchecked);
    assert!(sum(KEYS, SecretText::Unknown("the environment variable KEY is not set".into())).1);
}

#[test]
fn what_is_wrong_with_a_bucket_is_told() {
    let mut shown = String::new();
    let amazon = "region = 'eu-central-1'";
    for (image, keys) in [
        ("registry:3.1.1", ""),
        ("registry:3.1.1", "endpoint = 'https://s3.eu-central-1.amazonaws.com'"),
        ("registry:2.8.3", "region = 'eu-central-1'\npath_style = true"),
        ("registry:2.8.3", &format!("endpoint = 'https://s3.example.com'\npath_style = false\n{KEYS}")),
        ("registry:3.1.1", &format!("{amazon}\naccess_key = {{ env = 'KEY' }}")),
        ("registry:3.1.1", &format!("{amazon}\nsecret_key = {{ env = 'KEY' }}")),
        ("registry:3.1.1", &format!("{amazon}\naccess_key = {{ generate = {{}} }}\nsecret_key.env = 'A'")),
        ("registry:3.1.1", "endpoint = 'https://s3.example.com'"),
        ("registry:3.1.1", &format!("endpoint = 'https://s3.example.com?x=y'\n{KEYS}")),
        ("registry:3.1.1", &format!("endpoint = 'https://images.s3.example.com'\n{KEYS}")),
        ("registry:3.1.1", &format!("endpoint = 'http://s3.example.com'\n{KEYS}")),
        ("registry:3.1.1", &format!("endpoint = 'http://minio.storage.svc:9000'\nredirect = true\n{KEYS}")),
    ] {
        writeln!(shown, "## {image}; {}\n{}", keys.replace('\n', "; "), found(&in_bucket(image, keys)))
            .unwrap();
    }
    let neither = replaced("storage.volume.size = '1Gi'", "storage = {}");
    writeln!(shown, "## neither\n{}", found(&neither)).unwrap();
    insta::assert_snapshot!("refused", shown);
}

#[test]
fn registries_do_not_store_their_images_at_the_same_place() {
    let two = |first: &str, second: &str| {
        let other = in_bucket("registry:3.1.1", second).replace("registry.main", "registry.other");
        let other = other.replace("registry.example.com", "other.example.com");
        let other = other.replacen("[registry.other]", "[registry.other]\nname = 'other'", 1);
        found(&format!("{}\n{other}", in_bucket("registry:3.1.1", first)))
    };
    let amazon = "region = 'eu-central-1'";
    let same = format!("endpoint = 'https://s3.example.com:443/'\n{KEYS}");
    let (own, other) =
        (format!("endpoint = 'https://s3.example.com'\n{KEYS}"), format!("{same}prefix = 'b'\n"));
    for (first, second) in [
        (amazon, "endpoint = 'https://s3.eu-central-1.amazonaws.com'\nregion = 'eu-central-1'"),
        (own.as_str(), same.as_str()),
    ] {
        let told = two(first, second);
        assert!(told.contains("warning shared-store: `registry.other` and `registry.main`"), "{told}");
        assert_eq!(told.matches("shared-store").count(), 1, "{told}");
    }
    for (first, second) in
        [(amazon, same.as_str()), (own.as_str(), other.as_str()), (amazon, "region = 'eu-west-1'")]
    {
        let told = two(first, second);
        assert!(!told.contains("shared-store"), "{told}");
    }
}

#[test]
fn version_2_does_not_know_the_role_of_its_account() {
    let role = "annotations = { 'eks.amazonaws.com/role-arn' = 'arn:aws:iam::1:role/r' }\n";
    let told =
        |image: &str, keys: &str| found(&in_bucket(image, keys).replacen("auth", &format!("{role}auth"), 1));
    insta::assert_snapshot!(told("registry:2.8.3", "region = 'eu-west-1'"), @r#"
    warning bad-value: version 2 of the registry does not know the role of its ServiceAccount: its pods reach the bucket by the role of their node
      at `'arn:aws:iam::1:role/r'` 
      help: take version 3, as in `image = "registry:3.1.1"`, or give the store `access_key` and `secret_key`
    "#);
    assert_eq!(told("registry:3.1.1", "region = 'eu-west-1'"), "");
    assert_eq!(told("registry:2.8.3", &format!("region = 'eu-west-1'\n{KEYS}")), "");
}
