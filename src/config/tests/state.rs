//! `[state]`: which backend, and which keys go with it.

use std::time::Duration;

use super::{fine, found};
use crate::config::{ClusterState, ObjectStoreKind, StateSettings, codes};

const HEAD: &str = "[project]\nname = 'shop'\n";

fn settings(state: &str) -> StateSettings {
    fine(&format!("{HEAD}[state]\n{state}")).state
}

#[test]
fn a_state_is_on_this_machine_unless_it_is_said_otherwise() {
    assert_eq!(fine(HEAD).state, StateSettings::default());
    assert_eq!(settings("backend = 'local'"), StateSettings::default());
    let usual = ClusterState {
        namespace: "regplan-state".to_owned(),
        name: "shop".to_owned(),
        lock_duration: Duration::from_secs(15),
    };
    assert_eq!(settings("backend = 'kubernetes'"), StateSettings::Kubernetes(usual));
    let chosen = ClusterState {
        namespace: "states".to_owned(),
        name: "shop-eu".to_owned(),
        lock_duration: Duration::from_mins(1),
    };
    let text = "backend = 'kubernetes'\nnamespace = 'states'\nname = 'shop-eu'\nlock_duration = '1m'";
    assert_eq!(settings(text), StateSettings::Kubernetes(chosen));
}

#[test]
fn each_backend_has_a_key_by_which_two_states_lie_apart() {
    let key = |state| settings(state).place_key();
    let bucket = "backend = 's3'\nbucket = 'states'";
    assert_eq!([key(""), key("backend = 'kubernetes'"), key(bucket)], ["path", "name", "prefix"]);
    // It must be a key that the backend takes.
    assert!(matches!(settings(&format!("{bucket}\nprefix = 'eu'")), StateSettings::Objects(_)));
}

#[test]
fn azures_own_endpoints_have_the_account_in_the_host() {
    let in_path = |more: &str| {
        let state = format!("backend = 'azblob'\naccount = 'a'\ncontainer = 'c'\n{more}");
        let StateSettings::Objects(objects) = settings(&state) else { panic!("{state}") };
        matches!(objects.store, ObjectStoreKind::Azblob { path_style: true, .. })
    };
    assert!(!in_path(""));
    assert!(!in_path("endpoint = 'https://blob.core.chinacloudapi.cn'"));
    assert!(!in_path("endpoint = 'https://Blob.Core.ChinaCloudApi.cn'"));
    assert!(in_path("endpoint = 'https://store.example.com'"));
    assert!(in_path("endpoint = 'https://blob.example.com'\npath_style = true"));
}

#[test]
fn an_endpoint_of_azure_does_not_name_the_account() {
    let state = "backend = 'azblob'\naccount = 'shop'\ncontainer = 'c'\nendpoint = 'https://Shop.blob.core.windows.net'";
    let place = "'https://Shop.blob.core.windows.net'".to_owned();
    assert_eq!(found(&format!("[state]\n{state}")), [(codes::BAD_VALUE, place)]);
}

#[test]
fn a_key_of_another_backend_is_a_mistake_at_its_place() {
    for (state, place) in [
        ("backend = 'kubernetes'\npath = 'kept'", "path"),
        ("name = 'shop'\npath = 'kept'", "name"),
        ("backend = 'local'\nlock_duration = '15s'", "lock_duration"),
    ] {
        assert_eq!(found(&format!("[state]\n{state}")), [(codes::CONFLICTING_KEYS, place.to_owned())]);
    }
}

#[test]
fn what_cannot_be_a_value_is_told() {
    for (state, place) in [
        ("backend = 'kubernets'", "'kubernets'"),
        ("backend = 'kubernetes'\nnamespace = 'A b'", "'A b'"),
        ("backend = 'kubernetes'\nlock_duration = '4s'", "'4s'"),
        ("backend = 'kubernetes'\nlock_duration = 'long'", "'long'"),
    ] {
        assert_eq!(found(&format!("[state]\n{state}")), [(codes::BAD_VALUE, place.to_owned())]);
    }
}
