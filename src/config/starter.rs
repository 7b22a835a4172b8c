//! The file that `regplan init` writes.

/// A commented configuration to start from, for a project of this name (a DNS label).
pub fn starter(project: &str) -> String {
    include_str!("starter.toml").replace("PROJECT", project)
}

#[cfg(test)]
mod tests {
    use crate::config::tests::load_text;

    #[test]
    fn it_is_without_mistakes() {
        let loaded = load_text(&super::starter("shop"));
        let (config, warnings) = loaded.outcome.unwrap();
        assert!(warnings.is_empty());
        assert_eq!(config.project, "shop");
        assert_eq!(config.blocks.len(), 1);
    }

    #[test]
    fn its_commented_lines_are_without_mistakes_as_well() {
        // A line `#key = …` or `#[table]` is an example; `# Text` is a comment.
        let text = super::starter("shop")
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(example) if !example.starts_with(' ') && !example.is_empty() => example,
                _ => line,
            })
            .collect::<Vec<_>>()
            .join("\n");
        let loaded = load_text(&text);
        assert!(loaded.outcome.is_ok(), "{}\n{text}", loaded.outcome.unwrap_err());
    }
}
