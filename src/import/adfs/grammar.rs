//! Tokens to rules: `[conditions] => issue(…);`
//!
//! What is not of this grammar is skipped up to the next semicolon, and told.

use super::lexer::{Spot, Token};

/// A rule that could be read, or one that could not.
pub(super) type Read = Result<Rule, Unread>;

/// A rule that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    pub(super) line: usize,
    /// `@RuleName`, where it came so far.
    pub(super) name: Option<String>,
    pub(super) why: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    pub(super) line: usize,
    /// `@RuleName`
    pub(super) name: Option<String>,
    pub(super) conditions: Vec<Condition>,
    /// `issue`; `add` otherwise.
    pub(super) issues: bool,
    pub(super) body: Body,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) asks: Asks,
    /// By which the body knows what was selected.
    pub(super) variable: Option<String>,
    pub(super) tests: Vec<Test>,
}

/// What a condition asks of the claims that pass its tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asks {
    /// Each of them, one after the other.
    Each,
    Exists,
    NotExists,
    /// Their number: sign and number.
    Count(&'static str, u64),
}

/// `Type == "…"`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Test {
    /// In lower case.
    pub(super) property: String,
    pub(super) sign: &'static str,
    pub(super) operand: Expr,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Body {
    /// `claim = c`
    Copy(String),
    /// `Type = …, Value = …`: keys in lower case.
    Make(Vec<(String, Expr)>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expr {
    Text(String),
    /// `c.Value`: variable, and property in lower case.
    Property(String, String),
    /// A function in lower case.
    Call(String, Vec<Self>),
    Sum(Vec<Self>),
    /// `("…", "…")`
    List(Vec<Self>),
}

/// Reads every rule.
pub(super) fn rules(tokens: &[Spot]) -> Vec<Read> {
    let mut parser = Parser { tokens, at: 0, name: None };
    let mut rules = Vec::new();
    while parser.peek().is_some() {
        parser.name = None;
        let rule = parser.rule();
        if rule.is_err() {
            parser.skip_rule();
        }
        let name = parser.name.take();
        rules.push(rule.map_err(|(line, why)| Unread { line, name, why }));
    }
    rules
}

type Parsed<T> = Result<T, (usize, String)>;

struct Parser<'t> {
    tokens: &'t [Spot],
    at: usize,
    /// `@RuleName` of the rule that is being read.
    name: Option<String>,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|spot| &spot.token)
    }

    fn peek_second(&self) -> Option<&Token> {
        self.tokens.get(self.at + 1).map(|spot| &spot.token)
    }

    fn line(&self) -> usize {
        let spot = self.tokens.get(self.at).or_else(|| self.tokens.last());
        spot.map_or(1, |spot| spot.line)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    fn lost<T>(&self, expected: &str) -> Parsed<T> {
        Err((self.line(), format!("{expected} was expected here")))
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Some(Token::Sign(found)) if *found == sign)
    }

    fn takes(&mut self, sign: &str) -> bool {
        let is = self.is_sign(sign);
        self.at += usize::from(is);
        is
    }

    fn sign(&mut self, sign: &str) -> Parsed<()> {
        if self.takes(sign) { Ok(()) } else { self.lost(&format!("`{sign}`")) }
    }

    /// A word, in lower case.
    fn word(&mut self, expected: &str) -> Parsed<String> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.to_lowercase();
                self.at += 1;
                Ok(word)
            }
            _ => self.lost(expected),
        }
    }

    fn text(&mut self, expected: &str) -> Parsed<String> {
        if let Some(Token::Text(text)) = self.next() {
            Ok(text)
        } else {
            self.at -= 1;
            self.lost(expected)
        }
    }

    /// Behind the next semicolon.
    fn skip_rule(&mut self) {
        while let Some(token) = self.next() {
            if token == Token::Sign(";") {
                return;
            }
        }
    }

    fn rule(&mut self) -> Parsed<Rule> {
        let mut line = self.line();
        while let Some(Token::Word(word)) = self.peek() {
            let Some(key) = word.strip_prefix('@').map(str::to_lowercase) else { break };
            self.at += 1;
            self.sign("=")?;
            let text = self.text("a text in quotes")?;
            if key == "rulename" {
                self.name = Some(text);
            }
            line = self.line();
        }
        let mut conditions = Vec::new();
        if !self.is_sign("=>") {
            conditions.push(self.condition()?);
            while self.takes("&&") {
                conditions.push(self.condition()?);
            }
        }
        self.sign("=>")?;
        let action = self.word("`issue` or `add`")?;
        if !matches!(action.as_str(), "issue" | "add") {
            return Err((self.line(), format!("`{action}` is neither `issue` nor `add`")));
        }
        self.sign("(")?;
        let body = self.body()?;
        self.sign(")")?;
        // The last rule of a set may do without.
        if self.peek().is_some() {
            self.sign(";")?;
        }
        Ok(Rule { line, name: self.name.clone(), conditions, issues: action == "issue", body })
    }

    fn condition(&mut self) -> Parsed<Condition> {
        let word = match self.peek() {
            Some(Token::Word(word)) => Some(word.to_lowercase()),
            _ => None,
        };
        let is_call = self.peek_second() == Some(&Token::Sign("("));
        match word.as_deref() {
            Some("not") => {
                self.at += 1;
                if self.word("`exists`")? != "exists" {
                    return self.lost("`exists`");
                }
                self.asked(Asks::NotExists)
            }
            Some("exists") if is_call => {
                self.at += 1;
                self.asked(Asks::Exists)
            }
            Some("count") if is_call => {
                self.at += 1;
                let mut condition = self.asked(Asks::Exists)?;
                let Some(Token::Sign(sign @ ("==" | "!=" | "<" | ">" | "<=" | ">="))) = self.next() else {
                    return self.lost("a comparison");
                };
                let Some(Token::Number(number)) = self.next() else { return self.lost("a number") };
                condition.asks = Asks::Count(sign, number);
                Ok(condition)
            }
            Some(variable) => {
                let variable = variable.to_owned();
                self.at += 1;
                self.sign(":")?;
                let tests = self.tests()?;
                Ok(Condition { asks: Asks::Each, variable: Some(variable), tests })
            }
            None => Ok(Condition { asks: Asks::Each, variable: None, tests: self.tests()? }),
        }
    }

    /// `([…])`
    fn asked(&mut self, asks: Asks) -> Parsed<Condition> {
        self.sign("(")?;
        let tests = self.tests()?;
        self.sign(")")?;
        Ok(Condition { asks, variable: None, tests })
    }

    fn tests(&mut self) -> Parsed<Vec<Test>> {
        self.sign("[")?;
        let mut tests = Vec::new();
        while !self.takes("]") {
            if !tests.is_empty() {
                self.sign(",")?;
            }
            let property = self.property()?;
            let Some(Token::Sign(sign @ ("==" | "!=" | "=~" | "!~"))) = self.next() else {
                return self.lost("a comparison");
            };
            tests.push(Test { property, sign, operand: self.expression(0)? });
        }
        Ok(tests)
    }

    /// `Type`, or `Properties["…"]`
    fn property(&mut self) -> Parsed<String> {
        let mut property = self.word("a property of a claim")?;
        if self.takes("[") {
            property = format!("{property}[{}]", self.text("the name of a property")?);
            self.sign("]")?;
        }
        Ok(property)
    }

    fn body(&mut self) -> Parsed<Body> {
        let mut pairs: Vec<(String, Expr)> = Vec::new();
        while !self.is_sign(")") {
            if !pairs.is_empty() {
                self.sign(",")?;
            }
            let key = self.property()?;
            self.sign("=")?;
            if let (true, Some(Token::Word(variable)), Some(Token::Sign(")"))) =
                (key == "claim", self.peek(), self.peek_second())
            {
                let variable = variable.to_lowercase();
                self.at += 1;
                return Ok(Body::Copy(variable));
            }
            pairs.push((key, self.expression(0)?));
        }
        Ok(Body::Make(pairs))
    }

    fn expression(&mut self, depth: usize) -> Parsed<Expr> {
        let first = self.term(depth)?;
        if !self.is_sign("+") {
            return Ok(first);
        }
        let mut terms = vec![first];
        while self.takes("+") {
            terms.push(self.term(depth)?);
        }
        Ok(Expr::Sum(terms))
    }

    fn term(&mut self, depth: usize) -> Parsed<Expr> {
        if depth > 8 {
            return self.lost("something less deep");
        }
        match self.next() {
            Some(Token::Text(text)) => Ok(Expr::Text(text)),
            Some(Token::Sign("(")) => Ok(Expr::List(self.arguments(depth)?)),
            Some(Token::Word(word)) => {
                let word = word.to_lowercase();
                if self.takes("(") {
                    return Ok(Expr::Call(word, self.arguments(depth)?));
                }
                self.sign(".")?;
                Ok(Expr::Property(word, self.property()?))
            }
            _ => {
                self.at -= 1;
                self.lost("a value")
            }
        }
    }

    /// Behind the opening parenthesis.
    fn arguments(&mut self, depth: usize) -> Parsed<Vec<Expr>> {
        let mut arguments = Vec::new();
        while !self.takes(")") {
            if !arguments.is_empty() {
                self.sign(",")?;
            }
            arguments.push(self.expression(depth + 1)?);
        }
        Ok(arguments)
    }
}
