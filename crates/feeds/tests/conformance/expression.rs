//! The expressions of Python that the cases are written in: names, members, calls, literals, comparisons, `and`, `or`.

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    Name(String),
    Text(String),
    Number(f64),
    List(Vec<Expression>),
    Dictionary(Vec<(Expression, Expression)>),
    /// `a['b']`, `a[0]` and `a.b`, which mean the same to feedparser.
    Member(Box<Expression>, Box<Expression>),
    Call(Box<Expression>, Vec<Expression>),
    Not(Box<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Join(Box<Expression>, Box<Expression>),
    /// `a == b == c`.
    Compare(Box<Expression>, Vec<(String, Expression)>),
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Number(f64),
    Sign(String),
}

/// Reads an expression; `None` if it is none of this subset.
pub fn read(text: &str) -> Option<Expression> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    let expression = parser.or()?;
    (parser.at == parser.tokens.len()).then_some(expression)
}

fn tokens(text: &str) -> Option<Vec<Token>> {
    let letters: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let letter = letters[at];
        let string_prefix =
            matches!(letter, 'u' | 'b' | 'U') && matches!(letters.get(at + 1), Some('\'' | '"'));
        if letter.is_whitespace() {
            at += 1;
        } else if matches!(letter, '\'' | '"') || string_prefix {
            let (text, end) = string(&letters, at + usize::from(string_prefix))?;
            tokens.push(Token::Text(text));
            at = end;
        } else if letter.is_ascii_digit()
            || (letter == '-' && letters.get(at + 1).is_some_and(char::is_ascii_digit))
        {
            let length = letters[at + 1..]
                .iter()
                .take_while(|letter| letter.is_ascii_digit() || **letter == '.')
                .count();
            let number: String = letters[at..=at + length].iter().collect();
            tokens.push(Token::Number(number.parse().ok()?));
            at += length + 1;
        } else if letter.is_alphabetic() || letter == '_' {
            let length =
                letters[at..].iter().take_while(|letter| letter.is_alphanumeric() || **letter == '_').count();
            tokens.push(Token::Word(letters[at..at + length].iter().collect()));
            at += length;
        } else {
            let double = matches!((letter, letters.get(at + 1)), ('=' | '!' | '<' | '>', Some('=')));
            let length = 1 + usize::from(double);
            tokens.push(Token::Sign(letters[at..at + length].iter().collect()));
            at += length;
        }
    }
    Some(tokens)
}

/// A string that begins with its quote at `at`, and where it ends.
fn string(letters: &[char], at: usize) -> Option<(String, usize)> {
    let quote = letters[at];
    let triple = letters.get(at + 1) == Some(&quote) && letters.get(at + 2) == Some(&quote);
    let quotes = if triple { 3 } else { 1 };
    let mut at = at + quotes;
    let mut text = String::new();
    loop {
        let letter = *letters.get(at)?;
        if letter == quote && (!triple || letters.get(at + 1..at + 3)? == [quote, quote]) {
            return Some((text, at + quotes));
        }
        at += 1;
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        let escape = *letters.get(at)?;
        at += 1;
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'n' => {
                text.push('\n');
                0
            }
            't' => {
                text.push('\t');
                0
            }
            'r' => {
                text.push('\r');
                0
            }
            other => {
                text.push(other);
                0
            }
        };
        if digits > 0 {
            let number: String = letters.get(at..at + digits)?.iter().collect();
            text.push(char::from_u32(u32::from_str_radix(&number, 16).ok()?)?);
            at += digits;
        }
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(found)) if found == word);
        self.at += usize::from(found);
        found
    }

    fn sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if found == sign);
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Option<Expression> {
        let mut all = vec![self.and()?];
        while self.word("or") {
            all.push(self.and()?);
        }
        if all.len() == 1 { all.pop() } else { Some(Expression::Or(all)) }
    }

    fn and(&mut self) -> Option<Expression> {
        let mut all = vec![self.not()?];
        while self.word("and") {
            all.push(self.not()?);
        }
        if all.len() == 1 { all.pop() } else { Some(Expression::And(all)) }
    }

    fn not(&mut self) -> Option<Expression> {
        if self.word("not") {
            return Some(Expression::Not(Box::new(self.not()?)));
        }
        let first = self.sum()?;
        let mut others = Vec::new();
        while let Some(operator) = self.operator() {
            others.push((operator, self.sum()?));
        }
        Some(if others.is_empty() { first } else { Expression::Compare(Box::new(first), others) })
    }

    fn operator(&mut self) -> Option<String> {
        for sign in ["==", "!=", "<=", ">=", "<", ">"] {
            if self.sign(sign) {
                return Some(sign.to_owned());
            }
        }
        let before = self.at;
        if self.word("in") {
            return Some("in".to_owned());
        }
        if self.word("not") && self.word("in") {
            return Some("not in".to_owned());
        }
        self.at = before;
        if self.word("is") {
            return Some(if self.word("not") { "!=" } else { "==" }.to_owned());
        }
        None
    }

    fn sum(&mut self) -> Option<Expression> {
        let mut left = self.postfix()?;
        while self.sign("+") {
            left = Expression::Join(Box::new(left), Box::new(self.postfix()?));
        }
        Some(left)
    }

    fn postfix(&mut self) -> Option<Expression> {
        let mut value = self.primary()?;
        loop {
            if self.sign("[") {
                let index = self.or()?;
                if !self.sign("]") {
                    return None;
                }
                value = Expression::Member(Box::new(value), Box::new(index));
            } else if self.sign(".") {
                let Some(Token::Word(name)) = self.peek().cloned() else { return None };
                self.at += 1;
                value = Expression::Member(Box::new(value), Box::new(Expression::Text(name)));
            } else if self.sign("(") {
                value = Expression::Call(Box::new(value), self.list(")")?);
            } else {
                return Some(value);
            }
        }
    }

    fn list(&mut self, end: &str) -> Option<Vec<Expression>> {
        let mut all = Vec::new();
        while !self.sign(end) {
            all.push(self.or()?);
            if !self.sign(",") && !matches!(self.peek(), Some(Token::Sign(sign)) if sign == end) {
                return None;
            }
        }
        Some(all)
    }

    fn primary(&mut self) -> Option<Expression> {
        let token = self.peek()?.clone();
        self.at += 1;
        Some(match token {
            Token::Word(name) => Expression::Name(name),
            Token::Number(number) => Expression::Number(number),
            Token::Text(mut text) => {
                // Strings that stand side by side are one.
                while let Some(Token::Text(more)) = self.peek() {
                    text.push_str(more);
                    self.at += 1;
                }
                Expression::Text(text)
            }
            Token::Sign(sign) if sign == "[" => Expression::List(self.list("]")?),
            Token::Sign(sign) if sign == "(" => {
                let before = self.at;
                let all = self.list(")")?;
                let comma = matches!(self.tokens.get(self.at - 2), Some(Token::Sign(sign)) if sign == ",")
                    && self.at - 2 >= before;
                if all.len() == 1 && !comma { all.into_iter().next()? } else { Expression::List(all) }
            }
            Token::Sign(sign) if sign == "{" => {
                let mut all = Vec::new();
                while !self.sign("}") {
                    let key = self.or()?;
                    if !self.sign(":") {
                        return None;
                    }
                    all.push((key, self.or()?));
                    self.sign(",");
                }
                Expression::Dictionary(all)
            }
            Token::Sign(_) => return None,
        })
    }
}

#[test]
fn expressions_of_the_cases_are_read() {
    for text in [
        "not bozo and entries[0]['title'] == u'a' 'b' + \"c\\u2019\"",
        "entries[0]['link'] == entries[1].link == 'x'",
        "len(feed['links']) == 1 and 'a' not in feed",
        "feed['links'][0] == {'rel': 'x', 'href': 'y'}",
        "feed['updated_parsed'] == (2004, 1, 1, 19, 48, 21, 3, 1, 0)",
        "(feed['a'] is None) or not feed.has_key('b')",
        "entries[0]['x'] == \"\"\"a'b\"c\"\"\"",
    ] {
        assert!(read(text).is_some(), "{text}");
    }
    assert_eq!(read("feed['a"), None);
}
