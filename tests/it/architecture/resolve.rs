//! A path as written becomes what it stands for: a module of ours, or a name of another crate.

use std::collections::BTreeSet;

use super::scan::{GLOBAL, Kind, Mention, ModulePath, Tree};

/// What a path stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// From the crate root; as far as there are modules these are modules, then items.
    Ours(Vec<String>),
    /// The same, reached through a re-export of what [`Target::Ours`] names.
    Behind(Vec<String>),
    /// The crate's name as written in code, then the rest.
    Theirs(Vec<String>),
}

impl Target {
    fn behind(self) -> Self {
        match self {
            Self::Ours(path) | Self::Behind(path) => Self::Behind(path),
            Self::Theirs(path) => Self::Theirs(path),
        }
    }
}

/// The binary is a crate of its own.
pub(super) const BINARY: &str = "main";
const LIBRARY: &str = "drawbridge";
/// Re-exports of re-exports; deeper than anybody writes, and the end of circles.
const MAX_STEPS: usize = 12;

pub(super) struct Resolver<'a> {
    tree: &'a Tree,
    /// The crates that code can name: the dependencies, and the standard library's.
    crates: &'a BTreeSet<String>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(tree: &'a Tree, crates: &'a BTreeSet<String>) -> Self {
        Self { tree, crates }
    }

    /// Everything that a mention may stand for: what it names and, where that is a re-export, what is behind it.
    /// Empty for what is neither a module of ours nor a crate: a local name, a type's associated item.
    pub(super) fn targets(&self, mention: &Mention) -> BTreeSet<Target> {
        let mut found = BTreeSet::new();
        let segments: Vec<&str> = mention.segments.iter().map(String::as_str).collect();
        if mention.kind == Kind::Macro && segments.len() == 1 {
            // A bare macro name is textual scope or the prelude's: only an import can make it another crate's.
            self.bound(&mention.module, &segments, MAX_STEPS, &mut found);
        } else {
            self.resolve(&mention.module, &segments, MAX_STEPS, &mut found);
        }
        found
    }

    fn resolve(&self, module: &[String], segments: &[&str], steps: usize, found: &mut BTreeSet<Target>) {
        let (Some((first, rest)), Some(steps)) = (segments.split_first(), steps.checked_sub(1)) else { return };
        match *first {
            GLOBAL => self.theirs(rest, found),
            "crate" => self.walk(&root_of(module), rest, steps, found),
            LIBRARY => self.walk(&Vec::new(), rest, steps, found),
            "self" => self.walk(&module.to_vec(), rest, steps, found),
            "super" => self.walk(&parent_of(module), rest, steps, found),
            _ if self.bound(module, segments, steps, found) => {}
            _ => self.theirs(segments, found),
        }
    }

    /// Looks the first segment up among the names of the module. False where it is none of them.
    fn bound(&self, module: &[String], segments: &[&str], steps: usize, found: &mut BTreeSet<Target>) -> bool {
        let (Some((first, rest)), Some(steps)) = (segments.split_first(), steps.checked_sub(1)) else { return true };
        let Some(here) = self.tree.modules.get(module) else { return false };
        if here.children.contains(*first) {
            self.walk(&module.to_vec(), segments, steps, found);
            return true;
        }
        if let Some(bindings) = here.names.get(*first) {
            for binding in bindings {
                let whole: Vec<&str> = binding.iter().map(String::as_str).chain(rest.iter().copied()).collect();
                match binding.as_slice() {
                    // `use tokio;`: the name is the crate's own.
                    [itself] if itself == first => self.theirs(&whole, found),
                    _ => self.resolve(module, &whole, steps, found),
                }
            }
            return true;
        }
        let mut behind_globs = here.globs.iter().flat_map(|glob| self.modules_behind(module, glob, steps));
        behind_globs.any(|behind| self.bound(&behind, segments, steps, found))
    }

    /// The modules of ours whose names a glob brings into `module`.
    fn modules_behind(&self, module: &[String], glob: &[String], steps: usize) -> Vec<ModulePath> {
        let mut targets = BTreeSet::new();
        self.resolve(module, &glob.iter().map(String::as_str).collect::<Vec<_>>(), steps, &mut targets);
        let ours = targets.into_iter().filter_map(|target| match target {
            Target::Ours(path) | Target::Behind(path) => (path != module).then_some(path),
            Target::Theirs(_) => None,
        });
        ours.collect()
    }

    /// Follows a path of ours from a module downwards: through modules, and through what they re-export.
    fn walk(&self, base: &ModulePath, segments: &[&str], steps: usize, found: &mut BTreeSet<Target>) {
        let mut at = base.clone();
        for (index, segment) in segments.iter().enumerate() {
            let Some(module) = self.tree.modules.get(&at) else { break };
            if *segment == "super" {
                at = parent_of(&at);
            } else if *segment == "self" {
            } else if module.children.contains(*segment) {
                at.push((*segment).to_owned());
            } else {
                let mut behind = BTreeSet::new();
                self.bound(&at, &segments[index..], steps, &mut behind);
                found.extend(behind.into_iter().map(Target::behind));
                at.extend(segments[index..].iter().map(|&segment| segment.to_owned()));
                break;
            }
        }
        found.insert(Target::Ours(at));
    }

    fn theirs(&self, segments: &[&str], found: &mut BTreeSet<Target>) {
        if segments.first().is_some_and(|name| self.crates.contains(*name)) {
            found.insert(Target::Theirs(segments.iter().map(|&segment| segment.to_owned()).collect()));
        }
    }
}

fn root_of(module: &[String]) -> ModulePath {
    if module.first().is_some_and(|first| first == BINARY) { vec![BINARY.to_owned()] } else { Vec::new() }
}

fn parent_of(module: &[String]) -> ModulePath {
    module.split_last().map(|(_, parent)| parent.to_vec()).unwrap_or_default()
}
