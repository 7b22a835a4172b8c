//! The graph in the language of Graphviz.

use std::fmt::Write;

use super::{Drawing, EdgeKind, draw};
use crate::graph::model::Graph;

/// The graph as DOT. An arrow leads from the resource that waits to the one that it waits for: bold where the
/// configuration names it, plain where a field takes a value, dashed where the objects show it, dotted where it
/// yielded.
/// Edges that follow from others are left out.
pub fn dot(graph: &Graph) -> String {
    let drawing = draw(graph);
    let mut text = String::from("digraph regplan {\n  rankdir = LR;\n  node [shape = box];\n");
    for (number, (block, members)) in drawing.groups.iter().enumerate() {
        let label = quoted(&block.to_string());
        let _ = write!(text, "  subgraph cluster_{number} {{\n    label = {label};\n");
        for &member in members {
            node(&mut text, &drawing, member, "    ");
        }
        text.push_str("  }\n");
    }
    for number in drawing.loose() {
        node(&mut text, &drawing, number, "  ");
    }
    for &(from, to, kind) in &drawing.edges {
        let style = match kind {
            EdgeKind::Explicit => " [style = bold]",
            EdgeKind::Referenced => "",
            EdgeKind::Inferred => " [style = dashed]",
            EdgeKind::Yielded => " [style = dotted, constraint = false, label = \"yields\"]",
        };
        let _ = writeln!(text, "  {} -> {}{style};", id(&drawing, from), id(&drawing, to));
    }
    text.push_str("}\n");
    text
}

fn id(drawing: &Drawing<'_>, number: usize) -> String {
    quoted(&drawing.nodes[number].address.to_string())
}

fn node(text: &mut String, drawing: &Drawing<'_>, number: usize, indent: &str) {
    let node = &drawing.nodes[number];
    let shape = if node.is_block { ", shape = plaintext" } else { "" };
    let _ = writeln!(text, "{indent}{} [label = {}{shape}];", id(drawing, number), quoted(&node.label));
}

/// A quoted string. A backslash is doubled, so that no label holds one of Graphviz' own escapes.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            control if control.is_control() => quoted.push('\u{FFFD}'),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
