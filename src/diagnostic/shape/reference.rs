//! A description as pages for people, in Markdown.

use std::fmt::Write as _;

use super::{Keys, Rule, Shape};

/// The tables of a file, one section for each.
pub fn reference(root: &'static Keys) -> String {
    let mut page = String::new();
    for keys in root.all() {
        // Writing into a string does not fail.
        let _ = write!(page, "\n## {}\n\n{}\n\n", title(keys.what), keys.about);
        page.push_str("| key | value | |\n|---|---|---|\n");
        for key in keys.keys {
            let must = if key.required { " **Required.**" } else { "" };
            let _ = writeln!(page, "| `{}` | {} | {}{must} |", key.name, cell(&words(key.shape)), cell(key.about));
        }
        let rules: Vec<String> = keys.rules.iter().map(|rule| sentence(*rule)).collect();
        if !rules.is_empty() {
            let _ = write!(page, "\n{}\n", rules.join(" "));
        }
        if !keys.later.is_empty() {
            let _ = write!(page, "\nNot in this version, and refused: {}.\n", listed(keys.later, "and"));
        }
    }
    page
}

fn title(what: &str) -> String {
    let mut chars = what.chars();
    let first = chars.next().filter(|_| what.starts_with("a ") || what.starts_with("an "));
    first.map_or_else(|| what.to_owned(), |first| first.to_uppercase().chain(chars).collect())
}

/// The address of a section, as forges make it of its title.
fn anchor(what: &str) -> String {
    let kept = what.chars().filter(|c| matches!(c, ' ' | '_' | '-') || c.is_alphanumeric());
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

/// `a`, `b` and `c`.
fn listed(names: &[&str], and: &str) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} {and} {last}", others.join(", ")),
        None => String::new(),
    }
}

fn sentence(rule: Rule) -> String {
    match rule {
        Rule::OneOf(keys) => format!("There is exactly one of {}.", listed(keys, "and")),
        Rule::Needs(keys, needed) => format!("Only beside `{needed}`: {}.", listed(keys, "and")),
        Rule::Alone(key, others) => format!("Never beside `{key}`: {}.", listed(others, "and")),
        Rule::When(key, word, needed) => format!("`{key}: {word}` needs `{needed}`."),
        Rule::Some => "There is at least one of them.".into(),
    }
}

/// A shape in the words of the reference.
fn words(shape: Shape) -> String {
    match shape {
        Shape::Text | Shape::AnyText => "text".into(),
        Shape::Words(words) => listed(words, "or"),
        Shape::Truth => "`true` or `false`".into(),
        Shape::Int(least, most) if least == most => format!("`{least}`"),
        Shape::Int(least, most) => format!("a whole number from {least} to {most}"),
        Shape::Moment => "a moment, as `2026-03-01T12:00:00Z`".into(),
        Shape::Duration(least, most) => format!("a duration from `{least}` to `{most}`"),
        Shape::Pattern(pattern) => pattern.words.into(),
        Shape::Value => "any value".into(),
        Shape::Scalar => "text, a whole number, `true` or `false`".into(),
        Shape::List(item) | Shape::Set(item) => format!("a list: {}", words(*item)),
        Shape::Entries(value) => format!("a table of your own names, each with {}", words(*value)),
        Shape::Filled(inner) => format!("{}; not empty", words(*inner)),
        Shape::Keys(keys) => format!("[{}](#{})", keys.what.replace('`', ""), anchor(keys.what)),
        Shape::Either(shapes) => shapes.iter().copied().map(words).collect::<Vec<_>>().join(", or "),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::OUTER;
    use super::*;

    #[test]
    fn the_reference_has_a_row_for_each_key_and_a_sentence_for_each_rule() {
        let page = reference(&OUTER);
        assert!(page.contains("## A thing\n\nOutside."), "{page}");
        assert!(page.contains("| `in` | `true` or `false`, or a list: [inner](#inner) | More \\| less. |"), "{page}");
        assert!(page.contains("| `id` | text | Its name. **Required.** |"), "{page}");
        assert!(page.contains("a table of your own names, each with [a thing](#a-thing); not empty"), "{page}");
        assert!(page.contains("| `late` | a duration from `1s` to `1d` | How much. |"), "{page}");
        let rules = "There is exactly one of `in` and `again`. Only beside `way`: `late`. Only beside `id`: `in` and \
                     `again`. Never beside `late`: `again`. `way: there` needs `late`.";
        assert!(page.contains(rules), "{page}");
        assert!(page.contains("Not in this version, and refused: `soon`."), "{page}");
        assert!(page.contains("\n## `inner`\n"), "{page}");
    }
}
