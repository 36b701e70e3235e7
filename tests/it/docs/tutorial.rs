//! `docs/mapping.md` builds a mapping box by box: after each box the file is good, and what the page shows of the binary
//! is what the binary says.

use std::path::Path;
use std::process::Command;

use super::{Folder, page, yaml_of};

/// The file that the page builds.
const BUILT: &str = "payroll.yaml";

/// The fenced blocks of a page with their languages, in order.
fn blocks(page: &str) -> Vec<(&str, &str)> {
    let fenced = page.split("```").skip(1).step_by(2);
    fenced.map(|block| block.split_once('\n').unwrap()).filter(|(language, _)| !language.is_empty()).collect()
}

/// The keys at the margin, each with its text.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        let is_key = line.starts_with(|c: char| c.is_ascii_alphabetic());
        match sections.last_mut() {
            Some((_, section)) if !is_key => section.extend([line, "\n"]),
            _ if is_key => sections.push((line.split(':').next().unwrap().to_owned(), format!("{line}\n"))),
            _ => assert!(line.starts_with('#'), "{line}"),
        }
    }
    sections
}

/// As the page says: a key of a box replaces the same key of the file; other keys stay.
fn with_box(file: &str, text: &str) -> String {
    let mut all = sections(file);
    for (key, section) in sections(text) {
        match all.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = section,
            None => all.push((key, section)),
        }
    }
    all.into_iter().map(|(_, section)| section).collect()
}

/// The file that a box names in its first line.
fn named(text: &str) -> Option<&str> {
    let name = text.strip_prefix("# ")?.lines().next()?;
    (Path::new(name).extension().is_some() && !name.contains(' ')).then_some(name)
}

/// Without a configuration, as the page says that it can be followed.
fn run(folder: &Path, words: &[&str]) -> (i32, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_drawbridge")).args(words).current_dir(folder).output().unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap(), text)
}

fn is_good(folder: &Path, files: &[&str], of: &str) {
    let (code, out) = run(folder, &[&["mapping", "test"], files].concat());
    assert!(code == 0 && lacks_scopes_at_most(&out), "after the box\n{of}\n{out}");
}

/// Scopes have a section of their own: before it the file is warned of.
fn lacks_scopes_at_most(out: &str) -> bool {
    out.matches("warning[").count() == out.matches("warning[mapping.scopes_none]").count()
}

#[test]
fn each_box_of_the_tutorial_is_good_and_each_output_is_true() {
    let (folder, page) = (tempfile::tempdir().unwrap(), page("mapping.md"));
    let folder = folder.path();
    let write = |name: &str, text: &str| {
        std::fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        std::fs::write(folder.join(name), text).unwrap();
    };
    let mut built = String::new();
    let (mut boxes, mut outputs) = (0, 0);
    for (language, text) in blocks(&page) {
        match (language, named(text)) {
            ("yaml", Some(name)) if text.contains("\nkind: ") => write(name, text),
            ("yaml", Some(name)) => {
                write(name, &with_box(&built, text));
                // A shadow is nothing without the live one.
                let files = if text.contains("stage: shadow") { [BUILT, name].to_vec() } else { vec![name] };
                is_good(folder, &files, text);
            }
            ("yaml", None) if text.starts_with("kind: ") && !built.is_empty() => {
                write("other.yaml", text);
                is_good(folder, &["other.yaml"], text);
            }
            ("yaml", None) => {
                built = with_box(&built, text);
                write(BUILT, &built);
                is_good(folder, &[BUILT], text);
                boxes += 1;
            }
            ("text", _) if text.starts_with("$ drawbridge ") => {
                let (command, expected) = text.split_once('\n').unwrap();
                let words: Vec<_> = command.split(' ').skip(2).collect();
                let (_, out) = run(folder, &words);
                assert_eq!(out.trim_end(), expected.trim_end(), "{command}");
                outputs += 1;
            }
            _ => {}
        }
    }
    assert!(boxes > 10 && outputs == 2, "{boxes} boxes, {outputs} outputs");
    assert_eq!(run(folder, &["mapping", "test", "--coverage", BUILT]).0, 0, "{built}");
}

#[test]
fn the_expressions_of_the_tutorial_are_accepted() {
    let (folder, page) = (tempfile::tempdir().unwrap(), page("mapping.md"));
    let rows =
        page.split("| to say | write |\n|---|---|\n").nth(1).unwrap().lines().take_while(|line| !line.is_empty());
    let expressions: Vec<_> = rows.map(|row| row.split('`').nth(1).unwrap()).collect();
    assert!(expressions.len() > 5);
    let claims: Vec<_> =
        expressions.iter().enumerate().map(|(place, cel)| format!("  c{place}: {{ cel: \"{cel}\" }}\n")).collect();
    let names: Vec<_> = (0..expressions.len()).map(|place| format!("c{place}")).collect();
    let attributes = "upn: { name: u }, mail: { name: mail, optional: true }, kind: { name: k }, manager: { name: m }, \
                      groups: { name: g, many: true, optional: true }";
    let text = format!(
        "kind: mapping\nversion: 1\nid: m\nsource: s\nattributes: {{ {attributes} }}\nsubject: {{ from: name_id }}\nscopes: {{}}\n\
         claims:\n{}release: {{ https://payroll.example: [{}] }}\n",
        claims.concat(),
        names.join(", ")
    );
    std::fs::write(folder.path().join("m.yaml"), &text).unwrap();
    let (code, out) = run(folder.path(), &["mapping", "test", "m.yaml"]);
    // The page asks for what is optional in each row but the one that is about something else.
    let unguarded = out.matches("warning[").count();
    assert!(code == 0 && unguarded == out.matches("warning[mapping.optional_unguarded]").count(), "{text}{out}");
    assert!(unguarded <= 1, "{out}");
}

#[test]
fn the_slip_of_the_tutorial_reads_as_it_says() {
    let (folder, page) = (tempfile::tempdir().unwrap(), page("mapping.md"));
    let text = "kind: mapping\nversion: 1\nid: payroll\nsource: corp-adfs\nattributes:\n  groups: { name: groups, many: true }\n\
                claims:\n  roles: { from: group, sort: true }\nsubject: { from: name_id }\n\
                release: { https://payroll.example: [roles] }\n";
    std::fs::write(folder.path().join(BUILT), text).unwrap();
    let (code, out) = run(folder.path(), &["mapping", "test", BUILT]);
    let shown = blocks(&page).into_iter().find(|(_, text)| text.starts_with("error[")).unwrap().1;
    assert_eq!((code, out.trim_end()), (1, shown.trim_end()));
}

/// With the configuration of the other page the same file serves.
#[test]
fn the_first_box_of_the_tutorial_passes_check() {
    let (folder, page): (Folder, _) = (super::as_getting_started(), page("mapping.md"));
    folder.write("mappings/payroll.yaml", yaml_of(&page)[0]);
    let ran = folder.run(&["check"]);
    assert!(ran.code == 0 && lacks_scopes_at_most(&ran.out), "{}{}", ran.out, ran.err);
}
