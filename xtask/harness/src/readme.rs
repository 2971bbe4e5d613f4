//! README.md as a reader follows it: its blocks are copied as they are.

use anyhow::{Context, Result};

/// A block of code: its language, and its lines.
pub type Block<'r> = (&'r str, &'r str);

/// The blocks of code in `markdown`, in order.
///
/// # Errors
/// One that is not closed.
pub fn blocks(markdown: &str) -> Result<Vec<Block<'_>>> {
    let mut blocks = Vec::new();
    let mut rest = markdown;
    while let Some((_, opened)) = rest.split_once("\n```") {
        let (language, text) = opened.split_once('\n').context("a block has lines")?;
        let (lines, after) = text.split_once("\n```").context("a block is closed")?;
        blocks.push((language, lines));
        rest = after;
    }
    Ok(blocks)
}

/// The section below `## TITLE`, to the next one of its level.
///
/// # Errors
/// There is none.
pub fn section<'r>(readme: &'r str, title: &str) -> Result<&'r str> {
    let heading = format!("\n## {title}\n");
    let (_, below) =
        readme.split_once(&heading).with_context(|| format!("find the section {title:?}"))?;
    Ok(below.split_once("\n## ").map_or(below, |(section, _)| section))
}

/// The numbered steps in `section`, such as `**1. Set up.**`, each with its blocks.
///
/// # Errors
/// As [`blocks`].
pub fn steps(section: &str) -> Result<Vec<Vec<Block<'_>>>> {
    let parts = section.split("\n**").skip(1);
    parts.filter(|part| part.starts_with(|c: char| c.is_ascii_digit())).map(blocks).collect()
}

/// A line of a command without the comment behind it.
pub fn without_comment(line: &str) -> &str {
    line.split(" #").next().unwrap_or(line).trim_end()
}

/// `configuration`, as `init` writes it, with `setting` in the place that is left for it, as a comment or filled in.
///
/// # Errors
/// There is no place for it.
pub fn fill_in(configuration: &str, setting: &str) -> Result<String> {
    let (name, _) = setting.split_once(" = ").context("a setting is NAME = VALUE")?;
    let is_its_place = |line: &&str| {
        let line = line.trim_start_matches("# ");
        line.strip_prefix(name).is_some_and(|rest| rest.starts_with(" = "))
    };
    let place = configuration.lines().find(is_its_place);
    let place = place.with_context(|| format!("find the line of {name} in {configuration}"))?;
    Ok(configuration.replacen(place, setting, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# A\n\n## Use\n\n**1. Start.**\n\n```sh\nserve # waits\nlist\n```\n\n**Bold.**\n\n```text\nx\n```\n\n\
                          **2. Set.**\n\n```toml\na = 1\n```\n\n## After\n\n```sh\nother\n```\n";

    #[test]
    fn the_steps_of_a_section_have_their_blocks() {
        let found = steps(section(README, "Use").unwrap()).unwrap();
        assert_eq!(found, [[("sh", "serve # waits\nlist")], [("toml", "a = 1")]]);
        assert_eq!(without_comment("serve # waits"), "serve");
        assert!(section(README, "Used").is_err());
        assert!(blocks("\n```sh\nopen").is_err());
    }

    #[test]
    fn a_setting_is_filled_in_where_its_name_is() {
        let text = "[mail]\n# mail-to = \"x\"\nmail-to-all = 2\n";
        let filled = fill_in(text, "mail-to = \"me\"").unwrap();
        assert_eq!(filled, "[mail]\nmail-to = \"me\"\nmail-to-all = 2\n");
        assert_eq!(
            fill_in(&filled, "mail-to = 3").unwrap(),
            "[mail]\nmail-to = 3\nmail-to-all = 2\n"
        );
        assert!(fill_in(text, "mail = 1").is_err());
    }
}
