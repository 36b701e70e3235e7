//! The little of PHP that configuration is written in: variables that get arrays of texts.
//!
//! Nothing is executed. What is not a text or an array is [`Value::Other`]: a constant, a number, a call, an expression.

/// The most tokens that a file may have.
const MOST: usize = 200_000;
/// Arrays inside each other.
const DEEPEST: usize = 32;

/// A value as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    Array(Vec<Element>),
    Other,
}

/// An element of an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Element {
    /// Before `=>`, where there is one: a text, or the digits of a number.
    pub(super) key: Option<String>,
    pub(super) value: Value,
    pub(super) line: usize,
}

/// `$name = …;`, `$name['key'] = …;` or `return …;`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    /// Without its dollar sign; empty for `return`.
    pub(super) variable: String,
    pub(super) value: Value,
    pub(super) line: usize,
}

impl Value {
    /// The elements of an array; none of anything else.
    pub(super) fn elements(&self) -> &[Element] {
        if let Self::Array(elements) = self { elements } else { &[] }
    }

    /// A text.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Variable(String),
    Text(String),
    Number(String),
    Word(String),
    Arrow,
    Sign(char),
    /// A text with variables in it.
    Dynamic,
}

/// Every assignment of a file, in order.
pub(super) fn assignments(text: &str) -> Vec<Assignment> {
    let tokens = tokens(text);
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let mut found = Vec::new();
    while let Some(token) = parser.next() {
        let line = parser.line_before();
        let variable = match token {
            Token::Variable(name) => name,
            Token::Word(word) if word == "return" => {
                let value = parser.value(0);
                found.push(Assignment { variable: String::new(), value, line });
                continue;
            }
            Token::Word(_) | Token::Text(_) | Token::Number(_) | Token::Arrow | Token::Sign(_) | Token::Dynamic => {
                continue;
            }
        };
        while parser.is(&Token::Sign('[')) {
            parser.skip_group();
        }
        if parser.takes(&Token::Sign('=')) {
            found.push(Assignment { variable, value: parser.value(0), line });
        }
    }
    found
}

struct Parser<'t> {
    tokens: &'t [(Token, usize)],
    at: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned()?;
        self.at += 1;
        Some(token)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).or_else(|| self.tokens.last()).map_or(1, |(_, line)| *line)
    }

    fn line_before(&self) -> usize {
        self.tokens.get(self.at.saturating_sub(1)).map_or(1, |(_, line)| *line)
    }

    fn is(&self, token: &Token) -> bool {
        self.peek() == Some(token)
    }

    fn takes(&mut self, token: &Token) -> bool {
        let is = self.is(token);
        self.at += usize::from(is);
        is
    }

    /// A value, up to what ends it: a comma, a semicolon or a closing bracket, which stay.
    fn value(&mut self, depth: usize) -> Value {
        let value = match (self.peek(), self.tokens.get(self.at + 1).map(|(token, _)| token)) {
            (Some(Token::Sign('[')), _) => self.array(']', depth),
            (Some(Token::Word(word)), Some(Token::Sign('('))) if word.eq_ignore_ascii_case("array") => {
                self.at += 1;
                self.array(')', depth)
            }
            (Some(Token::Text(text)), _) => {
                let text = text.clone();
                self.at += 1;
                Value::Text(text)
            }
            _ => Value::Other,
        };
        if self.ends_value() { value } else { self.skip_value() }
    }

    fn ends_value(&self) -> bool {
        matches!(self.peek(), None | Some(Token::Arrow | Token::Sign(',' | ';' | ')' | ']' | '}')))
    }

    /// An expression: its parts are looked at by nobody.
    fn skip_value(&mut self) -> Value {
        while !self.ends_value() {
            if matches!(self.peek(), Some(Token::Sign('(' | '[' | '{'))) {
                self.skip_group();
            } else {
                self.at += 1;
            }
        }
        Value::Other
    }

    /// From an opening bracket to behind its closing one.
    fn skip_group(&mut self) {
        let mut depth = 0_usize;
        while let Some(token) = self.next() {
            match token {
                Token::Sign('(' | '[' | '{') => depth += 1,
                Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
                Token::Variable(_)
                | Token::Text(_)
                | Token::Number(_)
                | Token::Word(_)
                | Token::Arrow
                | Token::Sign(_)
                | Token::Dynamic => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// An array whose opening bracket is next.
    fn array(&mut self, close: char, depth: usize) -> Value {
        if depth >= DEEPEST {
            self.skip_group();
            return Value::Other;
        }
        self.at += 1;
        let mut elements = Vec::new();
        while self.peek().is_some() && !self.takes(&Token::Sign(close)) {
            let (line, from) = (self.line(), self.at);
            let first = match self.peek() {
                Some(Token::Number(digits)) => {
                    let digits = digits.clone();
                    self.at += 1;
                    if self.is(&Token::Arrow) {
                        Some(digits)
                    } else {
                        self.skip_value();
                        None
                    }
                }
                _ => None,
            };
            let mut value = if first.is_none() && self.at == from { self.value(depth + 1) } else { Value::Other };
            let mut key = first;
            if self.takes(&Token::Arrow) {
                key = key.or_else(|| value.text().map(str::to_owned)).or(Some(String::new()));
                value = self.value(depth + 1);
            }
            elements.push(Element { key, value, line });
            self.takes(&Token::Sign(','));
            // Whatever does not belong here must not hold the reader up.
            self.at += usize::from(self.at == from);
        }
        Value::Array(elements)
    }
}

fn tokens(text: &str) -> Vec<(Token, usize)> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(c) = rest.chars().next() {
        if found.len() >= MOST {
            break;
        }
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let name_length = |rest: &str| rest.find(|c: char| !is_name(c)).unwrap_or(rest.len());
        let (token, size) = match c {
            _ if rest.starts_with("<?php") => (None, 5),
            _ if rest.starts_with("<?") || rest.starts_with("?>") => (None, 2),
            '#' if !rest.starts_with("#[") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("//") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => (None, rest.find("*/").map_or(rest.len(), |at| at + 2)),
            '\'' | '"' => quoted(rest, c),
            '$' => {
                let length = name_length(rest.get(1..).unwrap_or_default());
                (Some(Token::Variable(rest.get(1..=length).unwrap_or_default().to_owned())), length + 1)
            }
            '=' if rest.starts_with("=>") => (Some(Token::Arrow), 2),
            c if c.is_ascii_digit() => {
                let length = name_length(rest);
                (Some(Token::Number(rest.get(..length).unwrap_or_default().to_owned())), length)
            }
            c if is_name(c) => {
                let length = name_length(rest);
                (Some(Token::Word(rest.get(..length).unwrap_or_default().to_owned())), length)
            }
            c if c.is_whitespace() => (None, c.len_utf8()),
            c => (Some(Token::Sign(c)), c.len_utf8()),
        };
        found.extend(token.map(|token| (token, line)));
        let (now, behind) = rest.split_at_checked(size.max(1)).unwrap_or((rest, ""));
        line += now.matches('\n').count();
        rest = behind;
    }
    found
}

/// A text in quotes, and its length; one that does not end takes the rest.
fn quoted(rest: &str, quote: char) -> (Option<Token>, usize) {
    let mut text = String::new();
    let mut dynamic = false;
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => {
                let token = if dynamic { Token::Dynamic } else { Token::Text(text) };
                return (Some(token), at + 1);
            }
            '\\' => match (chars.next(), quote) {
                (Some((_, c @ ('\\' | '\''))), '\'') | (Some((_, c @ ('\\' | '"' | '$'))), '"') => text.push(c),
                (Some((_, 'n')), '"') => text.push('\n'),
                (Some((_, 't')), '"') => text.push('\t'),
                (Some((_, c)), _) => {
                    // In single quotes a backslash is one. Other escapes in double quotes are not read.
                    dynamic |= quote == '"';
                    text.push('\\');
                    text.push(c);
                }
                (None, _) => {}
            },
            '$' if quote == '"' => dynamic = true,
            c => text.push(c),
        }
    }
    (Some(Token::Dynamic), rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(value: &Value) -> String {
        match value {
            Value::Text(text) => format!("{text:?}"),
            Value::Other => "?".into(),
            Value::Array(elements) => {
                let element = |e: &Element| match &e.key {
                    Some(key) => format!("{}:{key}={}", e.line, shown(&e.value)),
                    None => format!("{}:{}", e.line, shown(&e.value)),
                };
                format!("[{}]", elements.iter().map(element).collect::<Vec<_>>().join(" "))
            }
        }
    }

    fn read(text: &str) -> Vec<String> {
        assignments(text).iter().map(|a| format!("{} {} {}", a.line, a.variable, shown(&a.value))).collect()
    }

    #[test]
    fn arrays_of_texts_are_read_in_both_forms() {
        assert_eq!(
            read(
                "<?php\n// a 'comment'\n$a = array('x' => 'y', # more\n 'z' => ['p', \"q\\\"\\$\"],);\n/* $b = [\n*/ $c['k'][0] = [7 => 'v', 'w'];"
            ),
            [r#"3 a [3:x="y" 4:z=[4:"p" 4:"q\"$"]]"#, r#"6 c [6:7="v" 6:"w"]"#]
        );
    }

    #[test]
    fn what_would_have_to_be_executed_is_not_read() {
        assert_eq!(
            read(
                "$a = ['x' => getenv('HOME'), 'y' => 'a' . 'b', \"k$v\" => 'z', 'n' => 7, 'b' => true, 'c' => f([1, 'q'], 2) ?: 'r', 8, 'l'];"
            ),
            [r#"1 a [1:x=? 1:y=? 1:="z" 1:n=? 1:b=? 1:c=? 1:? 1:"l"]"#]
        );
        assert_eq!(read("return ['a' => 'b'];"), [r#"1  [1:a="b"]"#]);
        assert_eq!(read("$a = ['it''s', 'open"), [r"1 a [1:? 1:?]"]);
        assert_eq!(read("$a = 'it\\'s\\n';"), [r#"1 a "it's\\n""#]);
    }

    #[test]
    fn depth_is_bounded() {
        let text = format!("$a = {}'x'{};", "[".repeat(500), "]".repeat(500));
        assert_eq!(assignments(&text).len(), 1);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text in "[\\$a'\"\\[\\](){},;=>. \n\\\\/*#<?0-9x]{0,80}") {
            let _ = assignments(&text);
        }
    }
}
