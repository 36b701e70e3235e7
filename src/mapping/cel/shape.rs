//! The shape of an expression from its tokens: refuses, before there is a tree, what would make a deep one.
//!
//! The parser builds operator chains, selections and unary operators in loops, but the tree that comes out is as deep
//! as the chain is long, and whoever clones or drops it recurses. The measure here is never smaller than the depth of
//! the tree without what macros add (five levels for each): it adds up, for each operand, its prefixes and suffixes
//! and the deepest bracket in it; for each run of arithmetic and comparison its operators; for each bracket its
//! conditionals; `&&` and `||` are balanced by the parser and count by their logarithm.

use std::ops::Range;

use ::cel::parser::pratt_parser::{Lexer, TokenKind};

use super::fault::Fault;
use super::limits::{MAX_DEPTH, MAX_TEXT_BYTES};

/// Well above what a tree of [`MAX_DEPTH`] can measure; low enough for every recursion over the tree.
const MAX_MEASURE: usize = 2 * MAX_DEPTH;

/// A token that means something.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) range: Range<usize>,
}

/// The tokens of an admissible expression.
pub(super) fn admit(text: &str) -> Result<Vec<Token>, Fault> {
    if text.len() > MAX_TEXT_BYTES {
        let message = format!("the expression is longer than {MAX_TEXT_BYTES} bytes");
        return Err(Fault::error("mapping.expression_too_large", 0..text.len(), message));
    }
    let tokens = tokens(text)?;
    measure(&tokens)?;
    Ok(tokens)
}

/// Every token but white space and comments.
#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum")]
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Fault> {
    let mut lexer = Lexer::new(text);
    let mut tokens = Vec::new();
    loop {
        let token = lexer.lex();
        match token.kind {
            TokenKind::TokEnd => return Ok(tokens),
            TokenKind::TokWhitespace | TokenKind::TokComment => {}
            TokenKind::TokError => {
                let message = lexer.get_error().map_or("unexpected character", |error| error.message.as_str());
                // The lexer reads bytes; a place must not end inside a character.
                let end = (token.end..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
                let fault = Fault::error("mapping.expression_syntax", token.start..end, message);
                return Err(match unknown_sign(text.get(token.start..end).unwrap_or_default()) {
                    Some(help) => fault.help(help),
                    None => fault,
                });
            }
            kind => tokens.push(Token { kind, range: token.start..token.end }),
        }
    }
}

/// What to write instead of something that CEL does not know.
fn unknown_sign(found: &str) -> Option<&'static str> {
    match found {
        "=" => Some("CEL compares with `==`"),
        "&" => Some("CEL writes `&&`"),
        "|" => Some("CEL writes `||`"),
        text if text.starts_with(['\'', '"']) && text.contains('\\') => {
            Some("a backslash in a text is written twice: `'\\\\'`")
        }
        _ => None,
    }
}

/// What is open at one bracket level.
#[derive(Default)]
struct Level {
    logic: usize,
    conditionals: usize,
    operators: usize,
    deepest_operand: usize,
    deepest_run: usize,
    affixes: usize,
    deepest_bracket: usize,
}

impl Level {
    fn end_operand(&mut self) {
        self.deepest_operand = self.deepest_operand.max(self.affixes + self.deepest_bracket);
        (self.affixes, self.deepest_bracket) = (0, 0);
    }

    fn end_run(&mut self) {
        self.end_operand();
        self.deepest_run = self.deepest_run.max(self.operators + self.deepest_operand);
        (self.operators, self.deepest_operand) = (0, 0);
    }

    fn end(&mut self) -> usize {
        self.end_run();
        let balanced = |count: usize| usize::try_from(count.checked_ilog2().map_or(0, |log| log + 1)).unwrap_or(count);
        // The operators may be of both kinds, one inside the other.
        self.deepest_run + self.conditionals + 2 * balanced(self.logic) + 1
    }

    /// A lower bound of what [`Self::end`] will say.
    fn so_far(&self) -> usize {
        self.affixes.max(self.operators).max(self.conditionals)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a foreign enum")]
fn measure(tokens: &[Token]) -> Result<(), Fault> {
    let mut levels = vec![Level::default()];
    let mut after_operand = false;
    for token in tokens {
        let depth_outside = levels.len();
        let Some(level) = levels.last_mut() else { break };
        match token.kind {
            TokenKind::TokLeftParen | TokenKind::TokLeftBracket | TokenKind::TokLeftBrace => {
                level.affixes += 1;
                levels.push(Level::default());
            }
            TokenKind::TokRightParen | TokenKind::TokRightBracket | TokenKind::TokRightBrace => {
                let inside = level.end();
                if depth_outside > 1 {
                    levels.pop();
                }
                if let Some(outside) = levels.last_mut() {
                    outside.deepest_bracket = outside.deepest_bracket.max(inside);
                }
            }
            TokenKind::TokLogicalAnd | TokenKind::TokLogicalOr => {
                level.end_run();
                level.logic += 1;
            }
            TokenKind::TokQuestion => {
                level.end_run();
                level.conditionals += 1;
            }
            TokenKind::TokColon | TokenKind::TokComma => level.end_run(),
            TokenKind::TokDot | TokenKind::TokExclamation => level.affixes += 1,
            TokenKind::TokMinus if !after_operand => level.affixes += 1,
            kind if is_operator(kind) => {
                level.end_operand();
                level.operators += 1;
            }
            _ => {}
        }
        after_operand = is_end_of_operand(token.kind);
        let so_far = levels.last().map_or(0, Level::so_far);
        if levels.len() > MAX_DEPTH || so_far > MAX_MEASURE {
            return Err(too_deep(token.range.clone()));
        }
    }
    // Brackets that nobody closed are the parser's to complain about; they count all the same.
    let total = levels.iter_mut().rev().fold(0, |inside, level| {
        level.deepest_bracket = level.deepest_bracket.max(inside);
        level.end()
    });
    if total > MAX_MEASURE {
        let end = tokens.last().map_or(0, |token| token.range.end);
        return Err(too_deep(0..end));
    }
    Ok(())
}

fn too_deep(range: Range<usize>) -> Fault {
    Fault::error("mapping.expression_too_large", range, "the expression nests too deeply")
        .help("split it: a claim can be read by those below it")
}

const fn is_operator(kind: TokenKind) -> bool {
    use TokenKind as T;
    matches!(
        kind,
        T::TokIn
            | T::TokMinus
            | T::TokPlus
            | T::TokAsterisk
            | T::TokSlash
            | T::TokPercent
            | T::TokEqual
            | T::TokEqualEqual
            | T::TokExclamationEqual
            | T::TokLess
            | T::TokLessEqual
            | T::TokGreater
            | T::TokGreaterEqual
    )
}

const fn is_end_of_operand(kind: TokenKind) -> bool {
    use TokenKind as T;
    matches!(
        kind,
        T::TokNull
            | T::TokFalse
            | T::TokTrue
            | T::TokReservedWord
            | T::TokInt
            | T::TokUint
            | T::TokFloat
            | T::TokString
            | T::TokBytes
            | T::TokIdent
            | T::TokRightBracket
            | T::TokRightBrace
            | T::TokRightParen
    )
}
