//! Source text becomes modules, mentions of paths, and lengths.
//!
//! The lexer is `proc-macro2`: comments and strings are gone, and a macro's arguments are tokens like all others.
//! No syntax tree is built, because a path looks the same in a `use`, an expression, a type, an attribute and a
//! macro, and a tree would not reach into the last. What this cannot see is said in `docs/ARCHITECTURE.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::str::FromStr as _;

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// A file of `src/`; its path is relative to that, with forward slashes.
pub(super) struct Source {
    pub path: String,
    pub text: String,
}

/// From the crate root: `["credential", "saml"]`. The binary's root is `["main"]`, which no library module is called.
pub(super) type ModulePath = Vec<String>;

/// What a module binds to names.
#[derive(Default)]
pub(super) struct Module {
    /// `use a::b as c` binds `c` to `a::b`. Names that functions import for themselves count for their whole module.
    pub names: BTreeMap<String, Vec<Vec<String>>>,
    /// `use a::*`.
    pub globs: Vec<Vec<String>>,
    pub children: BTreeSet<String>,
}

/// Stands first in a path that begins with `::`.
pub(super) const GLOBAL: &str = "::";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `a::b::c`, wherever it stands.
    Path,
    /// `use a::b::*`.
    Glob,
    /// `name!` or `a::name!`.
    Macro,
    /// `async`.
    Keyword,
}

/// A path in the text.
#[derive(Debug, Clone)]
pub(super) struct Mention {
    pub file: String,
    pub line: usize,
    pub module: ModulePath,
    /// The first is `::` where the path begins with that: another crate, never a name of ours.
    pub segments: Vec<String>,
    pub kind: Kind,
    /// Inside `#[cfg(test)]`.
    pub test: bool,
}

pub(super) struct Function {
    pub file: String,
    pub line: usize,
    pub name: String,
    /// Between the braces.
    pub lines: usize,
    pub test: bool,
}

/// What no rule of the house allows and no path shows.
pub(super) struct Oddity {
    pub file: String,
    pub line: usize,
    pub what: String,
}

#[derive(Default)]
pub(super) struct Tree {
    pub modules: BTreeMap<ModulePath, Module>,
    pub mentions: Vec<Mention>,
    pub functions: Vec<Function>,
    pub oddities: Vec<Oddity>,
    /// Lines of each file outside `#[cfg(test)]`.
    pub lengths: BTreeMap<String, usize>,
    /// `#[macro_export]`ed macros stand at the crate root, whatever module they are written in.
    pub exported_macros: BTreeMap<String, ModulePath>,
}

impl Tree {
    pub(super) fn of(sources: &[Source]) -> Self {
        let mut scan = Scan::default();
        for source in sources {
            scan.file(source);
        }
        scan.finish()
    }
}

#[derive(Default)]
struct Scan {
    tree: Tree,
    /// Modules declared under `#[cfg(test)]`: what stands in their files is test code.
    test_modules: BTreeSet<ModulePath>,
    files: Vec<(String, ModulePath)>,
    /// Lines under `#[cfg(test)]`, of the file at hand.
    test_lines: Vec<RangeInclusive<usize>>,
}

/// Where the scanner stands.
#[derive(Clone)]
struct Place<'a> {
    file: &'a str,
    module: ModulePath,
    test: bool,
    /// The line of a string whose text is being read as code.
    line: Option<usize>,
}

fn module_of(path: &str) -> ModulePath {
    let mut segments: ModulePath = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if segments.len() > 1 && segments.last().is_some_and(|last| last == "mod") {
        segments.pop();
    }
    if segments == ["lib"] { Vec::new() } else { segments }
}

impl Scan {
    fn file(&mut self, source: &Source) {
        let place = Place { file: &source.path, module: module_of(&source.path), test: false, line: None };
        self.files.push((source.path.clone(), place.module.clone()));
        self.tree.modules.entry(place.module.clone()).or_default();
        match TokenStream::from_str(&source.text) {
            Ok(tokens) => self.tokens(&trees(tokens), &place),
            Err(error) => self.odd(&place, error.span().start().line, &format!("does not lex: {error}")),
        }
        let ranges = std::mem::take(&mut self.test_lines);
        let lines = (1..=source.text.lines().count()).filter(|line| !ranges.iter().any(|range| range.contains(line)));
        self.tree.lengths.insert(source.path.clone(), lines.count());
    }

    fn finish(mut self) -> Tree {
        let is_test = |module: &ModulePath| (0..=module.len()).any(|end| self.test_modules.contains(&module[..end]));
        let test_files: BTreeSet<&String> =
            self.files.iter().filter(|(_, module)| is_test(module)).map(|(file, _)| file).collect();
        for mention in &mut self.tree.mentions {
            mention.test |= test_files.contains(&mention.file);
        }
        for function in &mut self.tree.functions {
            function.test |= test_files.contains(&function.file);
        }
        for file in test_files {
            self.tree.lengths.insert(file.clone(), 0);
        }
        self.tree
    }

    fn odd(&mut self, place: &Place<'_>, line: usize, what: &str) {
        self.tree.oddities.push(Oddity { file: place.file.to_owned(), line, what: what.to_owned() });
    }

    fn tokens(&mut self, tokens: &[TokenTree], place: &Place<'_>) {
        let mut at = 0;
        while at < tokens.len() {
            at = match &tokens[at] {
                TokenTree::Punct(punct) if punct.as_char() == '#' => self.attributes(tokens, at, place),
                TokenTree::Ident(_) => self.word(tokens, at, place),
                TokenTree::Group(group) => {
                    self.tokens(&trees(group.stream()), place);
                    at + 1
                }
                TokenTree::Punct(_) | TokenTree::Literal(_) => at + 1,
            };
        }
    }

    /// `#[…]`s and, where one of them says `cfg(test)`, the item behind them. Returns where to go on.
    fn attributes(&mut self, tokens: &[TokenTree], start: usize, place: &Place<'_>) -> usize {
        let mut at = start;
        let mut attributes = Vec::new();
        while is_punct(tokens.get(at), '#') {
            let inner = usize::from(is_punct(tokens.get(at + 1), '!'));
            let Some(TokenTree::Group(group)) = tokens.get(at + 1 + inner) else { break };
            if inner == 1 && says_test(group) {
                self.odd(place, line_of(&tokens[at]), "`#![cfg(test)]`: write `#[cfg(test)]` at the `mod` instead");
            }
            attributes.push(group.clone());
            at += 2 + inner;
        }
        if attributes.is_empty() {
            return start + 1;
        }
        let test = attributes.iter().any(says_test);
        let place = Place { test: place.test || test, ..place.clone() };
        for attribute in &attributes {
            self.attribute(attribute, &place);
        }
        if attributes.iter().any(|group| first_word(group).as_deref() == Some("macro_export")) {
            self.exported_macro(tokens, at, &place);
        }
        if !test {
            return at;
        }
        let end = item_end(tokens, at);
        self.tokens(&tokens[at..end], &place);
        if let Some(last) = end.checked_sub(1).and_then(|last| tokens.get(last)) {
            self.test_lines.push(line_of(&tokens[start])..=last.span().end().line);
        }
        end
    }

    /// The paths of an attribute; serde's are strings.
    fn attribute(&mut self, group: &Group, place: &Place<'_>) {
        let inside = trees(group.stream());
        match first_word(group).as_deref() {
            Some("path") if is_punct(inside.get(1), '=') => {
                self.odd(place, line_of(&inside[0]), "`#[path]`: a module stands where its name says");
            }
            Some("serde") => {
                let place = Place { line: Some(line_of(&inside[0])), ..place.clone() };
                for literal in literals(&inside) {
                    if let Ok(stream) = TokenStream::from_str(literal.trim_matches('"')) {
                        self.tokens(&trees(stream), &place);
                    }
                }
            }
            Some(_) | None => self.tokens(&inside, place),
        }
    }

    fn exported_macro(&mut self, tokens: &[TokenTree], at: usize, place: &Place<'_>) {
        if let (Some("macro_rules"), Some(name)) = (ident(tokens.get(at)).as_deref(), ident(tokens.get(at + 2))) {
            self.tree.exported_macros.insert(name, place.module.clone());
        }
    }

    /// An identifier: a keyword that opens an item, or the beginning of a path. Returns where to go on.
    fn word(&mut self, tokens: &[TokenTree], at: usize, place: &Place<'_>) -> usize {
        let word = ident(tokens.get(at)).unwrap_or_default();
        let name = ident(tokens.get(at + 1));
        match (word.as_str(), name) {
            ("mod", Some(name)) => self.module(tokens, at, &name, place),
            ("use", _) if !is_punct(tokens.get(at + 1), '<') => self.import(tokens, at, place),
            ("extern", Some(keyword)) if keyword == "crate" => {
                let end = end_of_statement(tokens, at);
                self.use_tree(&tokens[at + 2..end], &[], place);
                end
            }
            ("fn", Some(name)) => {
                self.function(tokens, at, &name, place);
                at + 2
            }
            ("async", _) => {
                self.mention(place, line_of(&tokens[at]), vec![word], Kind::Keyword);
                at + 1
            }
            _ => self.path(tokens, at, place),
        }
    }

    fn module(&mut self, tokens: &[TokenTree], at: usize, name: &str, place: &Place<'_>) -> usize {
        let mut module = place.module.clone();
        self.tree.modules.entry(module.clone()).or_default().children.insert(name.to_owned());
        module.push(name.to_owned());
        if place.test {
            self.test_modules.insert(module.clone());
        }
        self.tree.modules.entry(module.clone()).or_default();
        if let Some(TokenTree::Group(body)) = tokens.get(at + 2) {
            self.tokens(&trees(body.stream()), &Place { module, ..place.clone() });
        }
        at + 3
    }

    fn import(&mut self, tokens: &[TokenTree], at: usize, place: &Place<'_>) -> usize {
        let end = end_of_statement(tokens, at);
        self.use_tree(&tokens[at + 1..end], &[], place);
        end
    }

    /// One branch of a `use`: `a::b`, `a::{…}`, `a::b as c`, `a::*`.
    fn use_tree(&mut self, tokens: &[TokenTree], prefix: &[String], place: &Place<'_>) {
        let mut segments = prefix.to_vec();
        if prefix.is_empty() && is_colons(tokens, 0) {
            segments.push(GLOBAL.to_owned());
        }
        for (at, token) in tokens.iter().enumerate() {
            match token {
                TokenTree::Group(group) => {
                    let inside = trees(group.stream());
                    for branch in inside.split(|token| is_punct(Some(token), ',')) {
                        self.use_tree(branch, &segments, place);
                    }
                    return;
                }
                TokenTree::Punct(punct) if punct.as_char() == '*' => {
                    self.mention(place, line_of(token), segments.clone(), Kind::Glob);
                    self.here(place).globs.push(segments);
                    return;
                }
                TokenTree::Ident(word) if *word == "as" => {
                    return self.bind(line_of(token), segments, ident(tokens.get(at + 1)), place);
                }
                TokenTree::Ident(_) => segments.extend(ident(Some(token))),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
        if let Some(first) = tokens.first() {
            self.bind(line_of(first), segments, None, place);
        }
    }

    /// The end of a branch: the name that it binds.
    fn bind(&mut self, line: usize, mut target: Vec<String>, renamed: Option<String>, place: &Place<'_>) {
        if target.len() > 1 && target.last().is_some_and(|last| last == "self") {
            target.pop();
        }
        if let Some(name) = renamed.or_else(|| target.last().cloned()) {
            self.mention(place, line, target.clone(), Kind::Path);
            self.here(place).names.entry(name).or_default().push(target);
        }
    }

    fn function(&mut self, tokens: &[TokenTree], at: usize, name: &str, place: &Place<'_>) {
        let rest = &tokens[at..end_of_statement(tokens, at).min(tokens.len())];
        let body = rest.iter().find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group),
            TokenTree::Group(_) | TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
        });
        if let Some(body) = body {
            let (open, close) = (body.span_open().start().line, body.span_close().end().line);
            self.tree.functions.push(Function {
                file: place.file.to_owned(),
                line: line_of(&tokens[at]),
                name: name.to_owned(),
                lines: (close - open).saturating_sub(1),
                test: place.test,
            });
        }
    }

    /// `a::b::c`, and whether it is a macro's name. Returns where to go on.
    fn path(&mut self, tokens: &[TokenTree], at: usize, place: &Place<'_>) -> usize {
        let mut segments: Vec<String> = ident(tokens.get(at)).into_iter().collect();
        let mut end = at + 1;
        while is_colons(tokens, end) {
            let Some(segment) = ident(tokens.get(end + 2)) else { break };
            segments.push(segment);
            end += 3;
        }
        let is_macro = is_punct(tokens.get(end), '!') && matches!(tokens.get(end + 1), Some(TokenTree::Group(_)));
        let kind = if is_macro { Kind::Macro } else { Kind::Path };
        let (global, associated) = leading(tokens, at);
        if !associated && (segments.len() > 1 || is_macro) {
            if global {
                segments.insert(0, GLOBAL.to_owned());
            }
            self.mention(place, line_of(&tokens[at]), segments, kind);
        }
        end
    }

    fn here(&mut self, place: &Place<'_>) -> &mut Module {
        self.tree.modules.entry(place.module.clone()).or_default()
    }

    fn mention(&mut self, place: &Place<'_>, line: usize, segments: Vec<String>, kind: Kind) {
        let (file, module, test) = (place.file.to_owned(), place.module.clone(), place.test);
        let line = place.line.unwrap_or(line);
        self.tree.mentions.push(Mention { file, line, module, segments, kind, test });
    }
}

fn trees(stream: TokenStream) -> Vec<TokenTree> {
    stream.into_iter().collect()
}

fn line_of(token: &TokenTree) -> usize {
    token.span().start().line
}

fn is_punct(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character)
}

fn is_joint(token: Option<&TokenTree>, character: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == character && punct.spacing() == Spacing::Joint)
}

fn is_colons(tokens: &[TokenTree], at: usize) -> bool {
    is_joint(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

/// The identifier, without the `r#` of a raw one.
fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string().trim_start_matches("r#").to_owned()),
        Some(TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_)) | None => None,
    }
}

fn first_word(attribute: &Group) -> Option<String> {
    ident(attribute.stream().into_iter().next().as_ref())
}

fn literals(tokens: &[TokenTree]) -> Vec<String> {
    let of_token = |token: &TokenTree| match token {
        TokenTree::Literal(literal) => vec![literal.to_string()],
        TokenTree::Group(group) => literals(&trees(group.stream())),
        TokenTree::Ident(_) | TokenTree::Punct(_) => Vec::new(),
    };
    tokens.iter().flat_map(of_token).collect()
}

/// Whether an attribute is a `cfg` that holds in tests only.
fn says_test(attribute: &Group) -> bool {
    let inside = trees(attribute.stream());
    match (ident(inside.first()).as_deref(), inside.get(1)) {
        (Some("cfg"), Some(TokenTree::Group(condition))) => implies_test(&trees(condition.stream())),
        _ => false,
    }
}

/// `test`, `all(…)` with one branch that implies it, `any(…)` with no branch that does not.
fn implies_test(condition: &[TokenTree]) -> bool {
    let branches = |group: &Group| {
        let inside = trees(group.stream());
        let split = inside.split(|token| is_punct(Some(token), ','));
        split.filter(|branch| !branch.is_empty()).map(<[TokenTree]>::to_vec).collect::<Vec<_>>()
    };
    match (ident(condition.first()).as_deref(), condition.get(1)) {
        (Some("test"), None) => true,
        (Some("all"), Some(TokenTree::Group(group))) => branches(group).iter().any(|branch| implies_test(branch)),
        (Some("any"), Some(TokenTree::Group(group))) => {
            let branches = branches(group);
            !branches.is_empty() && branches.iter().all(|branch| implies_test(branch))
        }
        _ => false,
    }
}

/// Behind the next `;` on this level, or behind the last token.
fn end_of_statement(tokens: &[TokenTree], at: usize) -> usize {
    let found = tokens.iter().skip(at).position(|token| is_punct(Some(token), ';'));
    found.map_or(tokens.len(), |offset| at + offset + 1)
}

/// Behind the item that begins at `at`: its `;`, its braces, or (a field, a variant, an argument) its comma.
fn item_end(tokens: &[TokenTree], at: usize) -> usize {
    const BY_SEMICOLON: [&str; 6] = ["use", "const", "static", "type", "let", "extern"];
    const ITEMS: [&str; 10] =
        ["mod", "fn", "struct", "enum", "union", "trait", "impl", "unsafe", "async", "macro_rules"];
    let words = tokens.iter().skip(at).map_while(|token| match token {
        TokenTree::Ident(_) => ident(Some(token)),
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(String::new()),
        TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => None,
    });
    let words: Vec<String> = words.skip_while(|word| word == "pub" || word.is_empty()).collect();
    let is_const_fn = words.iter().any(|word| word == "fn");
    let first = words.first().map(String::as_str).unwrap_or_default();
    if BY_SEMICOLON.contains(&first) && !is_const_fn {
        return end_of_statement(tokens, at);
    }
    let is_item = ITEMS.contains(&first) || is_const_fn;
    let ends = |token: &TokenTree| match token {
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
        TokenTree::Punct(punct) => punct.as_char() == ';' || (punct.as_char() == ',' && !is_item),
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    };
    tokens.iter().skip(at).position(ends).map_or(tokens.len(), |offset| at + offset + 1)
}

/// Whether the path at `at` has a `::` before it, and whether that belongs to a type (`<T as Trait>::Name::…`).
fn leading(tokens: &[TokenTree], at: usize) -> (bool, bool) {
    let Some(colons) = at.checked_sub(2).filter(|colons| is_colons(tokens, *colons)) else { return (false, false) };
    let before = colons.checked_sub(1).and_then(|before| tokens.get(before));
    let of_type = is_joint(before, '>') || matches!(before, Some(TokenTree::Ident(_) | TokenTree::Group(_)));
    (!of_type, of_type)
}
