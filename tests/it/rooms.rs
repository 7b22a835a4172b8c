//! The arrows between the rooms go one way, as the table in `docs/architecture.md` says.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::harness::{is_of_tests, rust_files};

tests! { no_room_imports_one_below_it }

/// The rooms in the order of the table.
fn rooms(root: &Path) -> Vec<String> {
    let page = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let table = page.split("| Room |").nth(1).unwrap().lines().skip(2);
    let names = table.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('`').nth(1));
    names.map(str::to_owned).collect()
}

/// The rooms that the code of a file names, without its comments and its unit tests.
fn imports(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let named = lines.flat_map(|line| line.split("crate::").skip(1));
    named.map(|rest| rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()).collect()
}

fn no_room_imports_one_below_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let rooms = rooms(root);
    let place: BTreeMap<&str, usize> =
        rooms.iter().enumerate().map(|(at, room)| (room.as_str(), at)).collect();
    assert!(place.len() > 10, "the table was not found: {rooms:?}");
    let mut wrong = Vec::new();
    for room in &rooms {
        let mut files = Vec::new();
        rust_files(&root.join("src").join(room), &mut files);
        for file in files.iter().filter(|file| !is_of_tests(file)) {
            for named in imports(&fs::read_to_string(file).unwrap()) {
                if place.get(named.as_str()).is_some_and(|at| *at > place[room.as_str()]) {
                    wrong.push(format!("{} imports {named}", file.strip_prefix(root).unwrap().display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "against the order of docs/architecture.md:\n{}", wrong.join("\n"));
    let folders =
        fs::read_dir(root.join("src")).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_dir());
    let missing: Vec<_> = folders
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| !place.contains_key(name.as_str()))
        .collect();
    assert!(missing.is_empty(), "docs/architecture.md does not name these rooms: {missing:?}");
}
