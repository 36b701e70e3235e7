//! Claim rules as tokens, each with its line.

/// The most tokens that a file may have.
const MOST: usize = 200_000;

/// A token of the claim rule language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name; case does not count.
    Word(String),
    /// Text in double quotes; nothing is escaped in it.
    Text(String),
    /// A whole number.
    Number(u64),
    /// Punctuation.
    Sign(&'static str),
    /// Anything else.
    Strange(char),
}

/// A token and its line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub(super) token: Token,
    pub(super) line: usize,
}

/// Longer ones first.
const SIGNS: [&str; 22] = [
    "=>", "==", "=~", "!=", "!~", "&&", "<=", ">=", "[", "]", "(", ")", "{", "}", ",", ";", ":", "=", "+", ".", "<",
    ">",
];

/// Cuts a text into tokens. A text in quotes that does not end is one strange token.
pub(super) fn tokens(text: &str) -> Vec<Spot> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (text, 1);
    while let Some(c) = rest.chars().next() {
        if found.len() >= MOST {
            break;
        }
        let (token, length) = match c {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '"' => quoted(rest),
            c if c.is_ascii_digit() => {
                let length = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                let digits = rest.get(..length).unwrap_or_default();
                (Some(digits.parse().map_or(Token::Strange(c), Token::Number)), length)
            }
            c if c.is_alphanumeric() || c == '_' || c == '@' => {
                let is_name = |c: char| c.is_alphanumeric() || c == '_';
                let length = rest.char_indices().skip(1).find(|(_, c)| !is_name(*c)).map_or(rest.len(), |(at, _)| at);
                (Some(Token::Word(rest.get(..length).unwrap_or_default().to_owned())), length)
            }
            c => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => (Some(Token::Sign(sign)), sign.len()),
                None => (Some(Token::Strange(c)), c.len_utf8()),
            },
        };
        found.extend(token.map(|token| Spot { token, line }));
        let (now, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        line += now.matches('\n').count();
        rest = behind;
    }
    found
}

fn quoted(rest: &str) -> (Option<Token>, usize) {
    let inside = rest.get(1..).unwrap_or_default();
    match inside.find('"') {
        Some(length) => (Some(Token::Text(inside.get(..length).unwrap_or_default().to_owned())), length + 2),
        None => (Some(Token::Strange('"')), rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_cut_into_tokens_with_lines() {
        let shown: Vec<String> = tokens("@RuleName = \"a\nb\"\nc1:[Type =~ \"x\\\\\"] && COUNT([]) >= 2\n=> “")
            .iter()
            .map(|spot| format!("{}{:?}", spot.line, spot.token))
            .collect();
        assert_eq!(
            shown.join(" "),
            concat!(
                r#"1Word("@RuleName") 1Sign("=") 1Text("a\nb") 3Word("c1") 3Sign(":") 3Sign("[") 3Word("Type") 3Sign("=~") "#,
                r#"3Text("x\\\\") 3Sign("]") 3Sign("&&") 3Word("COUNT") 3Sign("(") 3Sign("[") 3Sign("]") 3Sign(")") 3Sign(">=") "#,
                r#"3Number(2) 4Sign("=>") 4Strange('“')"#
            )
        );
        assert_eq!(tokens("\"a"), [Spot { token: Token::Strange('"'), line: 1 }]);
    }
}
