//! Regular expressions: the literal of `x.matches('…')`, made into a table at load.
//!
//! ```text
//! text ─parse─▶ syntax tree ─narrow (ASCII classes, nothing that needs tables of Unicode)─▶ NFA ─determinize─▶ Pattern
//! ```
//!
//! A search reads each byte of the text once and takes one step in the table for it, whatever the pattern and whatever
//! the text: nothing is tried twice, and nothing is built while a request waits. What this costs is the size of the
//! table, which some patterns make large; these are refused at load.
//!
//! The syntax is RE2's, as CEL has it: `\d`, `\w`, `\s` and `\b` are about ASCII, `.` is one character, and a pattern
//! is found anywhere in the text unless `^` and `$` hold it.
//!
//! **Absent on purpose.** `(?i)`: under the folding of Unicode `k` is also the sign for kelvin and `s` an old long s,
//! which nobody expects of a rule that lets people in; `x.lowerAscii()` folds what a rule means. `\p{…}` for the size of
//! its tables. Patterns that are made while an expression is evaluated.

use std::any::Any;
use std::ops::Range;
use std::sync::Arc;

use ::cel::common::types::{CelBool, CelString, Type};
use ::cel::common::value::{StaticVal, Val};
use ::cel::{DeclarationError, Env};
use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::{Input, MatchKind};
use regex_syntax::ast::{self, Ast};
use regex_syntax::hir::{Hir, translate};

use super::limits::{MAX_PATTERN_BYTES, MAX_PATTERN_DEPTH};
use super::text::{Outcome, fails};

static TYPE: Type = Type::new_unspecified_type("pattern");

/// A compiled pattern. Clones share the table.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    table: Arc<dense::DFA<Vec<u32>>>,
    /// Steps to make it at load, and to have its table at hand.
    pub(super) making: u64,
}

/// Steps of making one that turns out too large: as many as the largest that does not.
pub(super) const TRIED_IN_VAIN: u64 = 4_000;

/// Why a pattern is refused, and where in its text.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) code: &'static str,
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: &'static str,
}

impl Pattern {
    /// Compiles.
    pub(super) fn compile(text: &str) -> Result<Self, Refusal> {
        let hir = parse(text)?;
        if hir.properties().look_set().is_empty() && hir.properties().minimum_len() == Some(0) {
            return Err(matches_everything(text));
        }
        let too_large = || Refusal {
            code: "mapping.regex_too_large",
            range: 0..text.len(),
            message: format!(
                "the table of the regular expression would be larger than {} KiB",
                MAX_PATTERN_BYTES >> 10
            ),
            help: "lower the numbers in `{…}` and ask for the length with `size(x)`, or match in two steps",
        };
        let config = thompson::Config::new()
            .which_captures(thompson::WhichCaptures::None)
            .nfa_size_limit(Some(MAX_PATTERN_BYTES / 4));
        // All that a syntax tree without word boundaries of Unicode can still fail for is its size.
        let nfa = thompson::Compiler::new().configure(config).build_from_hir(&hir).map_err(|_| too_large())?;
        let config = dense::Config::new()
            .match_kind(MatchKind::LeftmostFirst)
            .start_kind(StartKind::Unanchored)
            .accelerate(false)
            .dfa_size_limit(Some(MAX_PATTERN_BYTES))
            .determinize_size_limit(Some(4 * MAX_PATTERN_BYTES));
        let table = dense::Builder::new().configure(config).build_from_nfa(&nfa).map_err(|_| too_large())?;
        let making = making(&nfa, &table);
        Ok(Self { table: Arc::new(table), making })
    }

    /// Whether the pattern is found in the text.
    fn is_in(&self, text: &str) -> Option<bool> {
        // Only a table that gives up on some bytes can fail, and this one has none of them.
        self.table.try_search_fwd(&Input::new(text).earliest(true)).ok().map(|found| found.is_some())
    }
}

/// A table is made in a time that grows with the states of both: some ten nanoseconds for each pair where they are many.
fn making(nfa: &thompson::NFA, table: &dense::DFA<Vec<u32>>) -> u64 {
    let bytes = table.memory_usage();
    let states = bytes / (table.stride() * size_of::<u32>());
    ((bytes >> 8) + ((states * nfa.states().len()) >> 7)) as u64
}

impl Val for Pattern {
    fn get_type(&self) -> &Type {
        &TYPE
    }

    fn cel_type() -> &'static Type {
        &TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Pattern {}

/// Declares `x.matches(pattern)`.
pub(super) fn extension(env: &mut Env) -> Result<(), DeclarationError> {
    ::cel::add_member_overload!(env, fn matches: (CelString<'_>, Pattern) -> Result<CelBool>)
}

fn matches(this: &CelString<'_>, pattern: &Pattern) -> Outcome<CelBool> {
    match pattern.is_in(this.inner()) {
        Some(found) => Ok(CelBool::from(found)),
        None => fails("matches", "the search was given up"),
    }
}

fn parse(text: &str) -> Result<Hir, Refusal> {
    let mut parser = ast::parse::ParserBuilder::new().nest_limit(MAX_PATTERN_DEPTH).build();
    let mut tree = parser.parse(text).map_err(|error| of_syntax(&error))?;
    narrow(&mut tree)?;
    let mut translator = translate::TranslatorBuilder::new().build();
    translator.translate(text, &tree).map_err(|error| malformed(error.span(), &error.kind().to_string()))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum that is not exhaustive")]
fn of_syntax(error: &ast::Error) -> Refusal {
    let range = range(error.span());
    match error.kind() {
        ast::ErrorKind::UnsupportedLookAround => Refusal {
            code: "mapping.regex_not_linear",
            range,
            message: "look-around (`(?=…)`, `(?!…)`, `(?<=…)`, `(?<!…)`) is not available in regular expressions"
                .into(),
            help: "they are searched in one pass; write two: `x.matches('…') && !x.matches('…')`",
        },
        ast::ErrorKind::UnsupportedBackreference => Refusal {
            code: "mapping.regex_not_linear",
            range,
            message: "back-references (`\\1`) are not available in regular expressions".into(),
            help: "they are searched in one pass; compare the parts with `==` after `split`",
        },
        ast::ErrorKind::NestLimitExceeded(_) => Refusal {
            code: "mapping.regex_too_large",
            range,
            message: format!("the regular expression nests deeper than {MAX_PATTERN_DEPTH} levels"),
            help: "match in two steps",
        },
        kind => malformed(error.span(), &kind.to_string()),
    }
}

fn malformed(span: &ast::Span, message: &str) -> Refusal {
    Refusal {
        code: "mapping.regex_malformed",
        range: range(span),
        message: format!("the regular expression cannot be read: {message}"),
        help: "mend it; a character with a meaning of its own is escaped in raw text: `x.matches(r'\\.')`",
    }
}

fn matches_everything(text: &str) -> Refusal {
    Refusal {
        code: "mapping.regex_malformed",
        range: 0..text.len(),
        message: "the regular expression is found in every text".into(),
        help: "hold it at both ends, `^…$`: a pattern is looked for anywhere in the text, and this one may be empty",
    }
}

const fn range(span: &ast::Span) -> Range<usize> {
    span.start.offset..span.end.offset
}

/// Makes `\d`, `\w`, `\s` and `\b` ones of ASCII, and refuses what would need tables. Recurses as deep as the parser lets
/// patterns nest.
fn narrow(tree: &mut Ast) -> Result<(), Refusal> {
    match tree {
        Ast::Empty(_) | Ast::Literal(_) | Ast::Dot(_) => {}
        Ast::Flags(set) => check_flags(&set.flags)?,
        Ast::Assertion(assertion) => {
            if let Some(group) = in_ascii(assertion) {
                *tree = Ast::group(group);
            }
        }
        Ast::ClassUnicode(class) => return Err(property(&class.span)),
        Ast::ClassPerl(class) => {
            let kind = ast::ClassSet::Item(ast::ClassSetItem::Ascii(ascii(class)));
            *tree = Ast::class_bracketed(ast::ClassBracketed { span: class.span, negated: false, kind });
        }
        Ast::ClassBracketed(class) => narrow_set(&mut class.kind)?,
        Ast::Repetition(repetition) => narrow(&mut repetition.ast)?,
        Ast::Group(group) => {
            if let ast::GroupKind::NonCapturing(flags) = &group.kind {
                check_flags(flags)?;
            }
            narrow(&mut group.ast)?;
        }
        Ast::Alternation(alternation) => alternation.asts.iter_mut().try_for_each(narrow)?,
        Ast::Concat(concat) => concat.asts.iter_mut().try_for_each(narrow)?,
    }
    Ok(())
}

fn narrow_set(set: &mut ast::ClassSet) -> Result<(), Refusal> {
    match set {
        ast::ClassSet::Item(item) => narrow_item(item),
        ast::ClassSet::BinaryOp(operation) => {
            narrow_set(&mut operation.lhs)?;
            narrow_set(&mut operation.rhs)
        }
    }
}

fn narrow_item(item: &mut ast::ClassSetItem) -> Result<(), Refusal> {
    use ast::ClassSetItem as Item;
    match item {
        Item::Empty(_) | Item::Literal(_) | Item::Range(_) | Item::Ascii(_) => Ok(()),
        Item::Unicode(class) => Err(property(&class.span)),
        Item::Perl(class) => {
            *item = Item::Ascii(ascii(class));
            Ok(())
        }
        Item::Bracketed(class) => narrow_set(&mut class.kind),
        Item::Union(union) => union.items.iter_mut().try_for_each(narrow_item),
    }
}

fn ascii(class: &ast::ClassPerl) -> ast::ClassAscii {
    let kind = match class.kind {
        ast::ClassPerlKind::Digit => ast::ClassAsciiKind::Digit,
        ast::ClassPerlKind::Space => ast::ClassAsciiKind::Space,
        ast::ClassPerlKind::Word => ast::ClassAsciiKind::Word,
    };
    ast::ClassAscii { span: class.span, kind, negated: class.negated }
}

/// The assertion as `(?-u:…)`, if it is one about words.
fn in_ascii(assertion: &ast::Assertion) -> Option<ast::Group> {
    use ast::AssertionKind as Kind;
    match assertion.kind {
        Kind::StartLine | Kind::EndLine | Kind::StartText | Kind::EndText => return None,
        Kind::WordBoundary
        | Kind::NotWordBoundary
        | Kind::WordBoundaryStart
        | Kind::WordBoundaryEnd
        | Kind::WordBoundaryStartAngle
        | Kind::WordBoundaryEndAngle
        | Kind::WordBoundaryStartHalf
        | Kind::WordBoundaryEndHalf => {}
    }
    let span = assertion.span;
    let item = |kind| ast::FlagsItem { span, kind };
    let items = vec![item(ast::FlagsItemKind::Negation), item(ast::FlagsItemKind::Flag(ast::Flag::Unicode))];
    let kind = ast::GroupKind::NonCapturing(ast::Flags { span, items });
    Some(ast::Group { span, kind, ast: Box::new(Ast::assertion(assertion.clone())) })
}

/// `i` needs tables, and without `u` a pattern is one of bytes.
fn check_flags(flags: &ast::Flags) -> Result<(), Refusal> {
    let set = |wanted| flags.items.iter().find(|item| item.kind == ast::FlagsItemKind::Flag(wanted));
    if let Some(item) = set(ast::Flag::CaseInsensitive) {
        return Err(Refusal {
            code: "mapping.regex_malformed",
            range: range(&item.span),
            message: "the flag `i` is not available in regular expressions".into(),
            help: "fold the text instead: `x.lowerAscii().matches('…')`",
        });
    }
    match set(ast::Flag::Unicode) {
        Some(item) => Err(malformed(&item.span, "the flag `u` is not available")),
        None => Ok(()),
    }
}

fn property(span: &ast::Span) -> Refusal {
    Refusal {
        code: "mapping.regex_malformed",
        range: range(span),
        message: "properties of Unicode (`\\p{…}`) are not available in regular expressions".into(),
        help: "list the characters: `[a-zäöüß]`, or say what may not be there: `[^@ ]`",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_in(pattern: &str, text: &str) -> bool {
        Pattern::compile(pattern).unwrap_or_else(|refusal| panic!("{pattern}: {refusal:?}")).is_in(text).unwrap()
    }

    #[test]
    fn a_pattern_is_found_where_re2_finds_it() {
        for (pattern, found, not_found) in [
            (r"^[a-z.]+@corp\.example$", vec!["ana.ruiz@corp.example"], vec!["ana@corp.example ", "ana@corp-example"]),
            ("corp", vec!["corp", "x-corp-y"], vec!["cor", "CORP", ""]),
            ("a|^b$", vec!["xa", "b"], vec!["bb", "B"]),
            (r"^\d{2,3}$", vec!["12", "123"], vec!["1", "1234", "١٢", "12\n"]),
            (r"^\w+$", vec!["a_1"], vec!["é", "a b", ""]),
            (r"^\W\D\S$", vec!["é-x", "-éé"], vec!["a-x", "-1x", "-x "]),
            (r"^[\w.-]+$", vec!["a.b-c_1"], vec!["a b", "é"]),
            (r"^[^\d\s]$", vec!["é", "x"], vec!["1", " "]),
            (r"^[\w&&[^ab]]+$", vec!["cd_"], vec!["cad"]),
            (r"\bHR\b", vec!["x HR y", "HR", "éHR"], vec!["xHR", "HR_"]),
            (r"x\By", vec!["xy"], vec!["x y"]),
            ("^.$", vec!["é", "😀"], vec!["", "ab", "\n"]),
            ("(?s)^.$", vec!["\n"], vec!["ab"]),
            ("(?m)^b$", vec!["a\nb"], vec!["ab"]),
            ("^(?P<name>a)(b|c)?$", vec!["a", "ab"], vec!["abc"]),
            ("^(?x) a b # comment", vec!["ab"], vec!["a b"]),
            ("^[[:alpha:]é-ï]$", vec!["a", "é"], vec!["ö"]),
            (r"^\x41\u{e9}$", vec!["Aé"], vec!["A"]),
            ("^$", vec![""], vec!["a", "\n"]),
        ] {
            let all = found.iter().map(|text| (text, true)).chain(not_found.iter().map(|text| (text, false)));
            for (text, expected) in all {
                assert_eq!(is_in(pattern, text), expected, "{pattern} in {text:?}");
            }
        }
    }

    #[test]
    fn what_a_table_cannot_do_is_refused() {
        for (pattern, expected) in [
            ("a(?=b)", "regex_not_linear [(?=]"),
            ("a(?!b)", "regex_not_linear [(?!]"),
            ("(?<=a)b", "regex_not_linear [(?<=]"),
            ("(?<!a)b", "regex_not_linear [(?<!]"),
            (r"(a)\1", r"regex_not_linear [\1]"),
            ("(a", "regex_malformed [(]"),
            ("a)", "regex_malformed [)]"),
            ("[a", "regex_malformed [[]"),
            ("*a", "regex_malformed []"),
            ("a{2,1}", "regex_malformed [{2,1}]"),
            (r"\y", r"regex_malformed [\y]"),
            ("a(?i)b", "regex_malformed [i]"),
            ("a(?i:b)", "regex_malformed [i]"),
            (r"(?-u:\xff)", "regex_malformed [u]"),
            (r"\p{L}", r"regex_malformed [\p{L}]"),
            (r"[a\p{Greek}]", r"regex_malformed [\p{Greek}]"),
            ("", "regex_malformed []"),
            ("a*", "regex_malformed [a*]"),
            ("(x|y?)", "regex_malformed [(x|y?)]"),
            ("(a|b)*a(a|b){20}", "regex_too_large [(a|b)*a(a|b){20}]"),
            ("(x{100}){100}", "regex_too_large [(x{100}){100}]"),
            ("((((x{9}){9}){9}){9}){9}", "regex_too_large [((((x{9}){9}){9}){9}){9}]"),
            (".{1000}", "regex_too_large [.{1000}]"),
        ] {
            let refusal = Pattern::compile(pattern).map(|_| ()).expect_err(pattern);
            let at = pattern.get(refusal.range).unwrap();
            assert_eq!(format!("{} [{at}]", refusal.code.strip_prefix("mapping.").unwrap()), expected);
        }
        let nested = |levels: usize| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
        assert!(Pattern::compile(&nested(31)).is_ok());
        assert_eq!(Pattern::compile(&nested(2_000)).unwrap_err().code, "mapping.regex_too_large");
    }

    /// Those that others try one way after the other are no different here.
    #[test]
    fn the_work_of_a_search_does_not_depend_on_the_pattern() {
        let text = "a".repeat(4096);
        for pattern in ["^(a+)+$", "^(a|a)*b", "^(a|aa)+$", "(.*a){8}b", "^(([a-z])+.)+[A-Z]([a-z])+$"] {
            let pattern = Pattern::compile(pattern).unwrap();
            assert!(pattern.making < TRIED_IN_VAIN && pattern.table.memory_usage() <= MAX_PATTERN_BYTES);
            assert!(pattern.is_in(&text).is_some());
        }
        // The most that is taken.
        let making = |pattern| Pattern::compile(pattern).unwrap().making;
        assert!((1_000..=TRIED_IN_VAIN).contains(&making("a{700}")), "{}", making("a{700}"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_pattern_panics(
            pattern in prop_oneof![any::<String>(), r"(\(|\)|\[|\]|\{1,9\}|\?|\*|\||a|é|\\[dwsbB1pA]|\(\?[imsux:-]|\^|\$|\.|-|&&){0,16}"],
            text in "[aé1 -]{0,16}",
        ) {
            match Pattern::compile(&pattern) {
                Ok(compiled) => prop_assert!(compiled.is_in(&text).is_some() && compiled.making <= TRIED_IN_VAIN),
                Err(refusal) => prop_assert!(pattern.get(refusal.range.clone()).is_some(), "{:?}", refusal),
            }
        }
    }
}
