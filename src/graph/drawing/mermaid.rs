//! The graph in the language of Mermaid, which GitHub and GitLab draw in Markdown.

use std::fmt::Write;

use super::{Drawing, EdgeKind, draw};
use crate::graph::model::Graph;

/// The graph as a Mermaid flowchart. An arrow leads from the resource that waits to the one that it waits for:
/// thick where the configuration names it, plain where a field takes a value, dotted where the objects show it,
/// dotted and labelled where it yielded. Edges that follow from others are left out.
pub fn mermaid(graph: &Graph) -> String {
    let drawing = draw(graph);
    let mut text = String::from("flowchart LR\n");
    for (number, (block, members)) in drawing.groups.iter().enumerate() {
        let _ = writeln!(text, "  subgraph b{number}[{}]", quoted(&block.to_string()));
        for &member in members {
            node(&mut text, &drawing, member, "    ");
        }
        text.push_str("  end\n");
    }
    for number in drawing.loose() {
        node(&mut text, &drawing, number, "  ");
    }
    for &(from, to, kind) in &drawing.edges {
        let arrow = match kind {
            EdgeKind::Explicit => "==>",
            EdgeKind::Referenced => "-->",
            EdgeKind::Inferred => "-.->",
            EdgeKind::Yielded => "-. yields .->",
        };
        let _ = writeln!(text, "  n{from} {arrow} n{to}");
    }
    text
}

fn node(text: &mut String, drawing: &Drawing<'_>, number: usize, indent: &str) {
    let node = &drawing.nodes[number];
    let label = quoted(&node.label);
    let label = if node.is_block { format!("([{label}])") } else { format!("[{label}]") };
    let _ = writeln!(text, "{indent}n{number}{label}");
}

/// A quoted label. Mermaid knows no backslash escapes but entities, and reads Markdown between
/// backticks and HTML between angle brackets.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '#' | '<' | '>' | '&' | '`' | '\\' | '*' => {
                let _ = write!(quoted, "#{};", u32::from(character));
            }
            control if control.is_control() => quoted.push('\u{FFFD}'),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
