//! The words for the field managers that wrote to a field.

use crate::resource::{FieldManager, Operation};

/// The managers as a list in words; not escaped.
pub(in crate::report) fn managers(managers: &[FieldManager]) -> String {
    let names: Vec<String> = managers.iter().map(manager).collect();
    if names.is_empty() { "by an unknown manager".to_owned() } else { format!("by {}", names.join(", by ")) }
}

fn manager(manager: &FieldManager) -> String {
    let operation = operation(manager.operation);
    let through = manager.subresource.as_ref().map(|part| format!(" through {part}")).unwrap_or_default();
    let time = manager.time.as_ref().map(|time| format!(", {time}")).unwrap_or_default();
    format!("{} ({operation}{through}{time})", manager.name)
}

/// How a manager writes: by apply or by update.
pub(in crate::report) fn operation(operation: Operation) -> &'static str {
    match operation {
        Operation::Apply => "apply",
        Operation::Update => "update",
    }
}
