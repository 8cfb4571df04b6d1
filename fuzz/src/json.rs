//! JSON as it is written: keys keep their order and may come twice, numbers and escapes are not interpreted.

/// A JSON value.
#[derive(Debug, Clone)]
pub enum Json {
    /// A string, number, truth or `null`, or what stands in the place of one.
    Token(String),
    /// An array.
    List(Vec<Self>),
    /// An object; keys with their quotes.
    Object(Vec<(String, Self)>),
}

/// Values nested deeper are not taken apart.
const MAX_DEPTH: usize = 200;

impl Json {
    /// The values that stand one after another in `text`; `None` where their brackets don't match.
    pub fn parse(text: &str) -> Option<Vec<Self>> {
        let mut parser = Parser { text, at: 0 };
        let mut values = Vec::new();
        while parser.peek().is_some() {
            values.push(parser.value(0)?);
        }
        (!values.is_empty()).then_some(values)
    }

    /// A string.
    pub fn text(text: &str) -> Self {
        Self::Token(quoted(text))
    }

    /// Appends the value to `out`.
    pub fn write(&self, out: &mut String) {
        match self {
            Self::Token(token) => out.push_str(token),
            Self::List(values) => {
                out.push('[');
                for (index, value) in values.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    value.write(out);
                }
                out.push(']');
            }
            Self::Object(entries) => {
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    out.push_str(key);
                    out.push(':');
                    value.write(out);
                }
                out.push('}');
            }
        }
    }

    /// How many values it is made of.
    pub fn count(&self) -> usize {
        match self {
            Self::Token(_) => 1,
            Self::List(values) => 1 + values.iter().map(Self::count).sum::<usize>(),
            Self::Object(entries) => 1 + entries.iter().map(|(_, value)| value.count()).sum::<usize>(),
        }
    }

    /// The value of that number, counted as by [`Json::count`].
    pub fn nth(&mut self, mut index: usize) -> &mut Self {
        if index == 0 {
            return self;
        }
        index -= 1;
        // Two steps, because a borrow that is returned from a loop would last for the whole of it.
        let parts: Vec<&mut Self> = match self {
            Self::Token(_) => Vec::new(),
            Self::List(values) => values.iter_mut().collect(),
            Self::Object(entries) => entries.iter_mut().map(|(_, value)| value).collect(),
        };
        for part in parts {
            let count = part.count();
            if index < count {
                return part.nth(index);
            }
            index -= count;
        }
        unreachable!("numbers are below the count")
    }
}

/// `text` as a JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl Parser<'_> {
    /// The next byte that is not white space.
    fn peek(&mut self) -> Option<u8> {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.text.as_bytes().get(self.at).copied()
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        if depth > MAX_DEPTH {
            return None;
        }
        match self.peek()? {
            b'[' => {
                let mut values = Vec::new();
                self.each(b']', |parser| {
                    values.push(parser.value(depth + 1)?);
                    Some(())
                })?;
                Some(Json::List(values))
            }
            b'{' => {
                let mut entries = Vec::new();
                self.each(b'}', |parser| {
                    let key = parser.token()?;
                    if parser.peek()? != b':' {
                        return None;
                    }
                    parser.at += 1;
                    entries.push((key, parser.value(depth + 1)?));
                    Some(())
                })?;
                Some(Json::Object(entries))
            }
            _ => self.token().map(Json::Token),
        }
    }

    /// Calls `part` for each part up to the closing bracket.
    fn each(&mut self, close: u8, mut part: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.at += 1;
        if self.peek()? == close {
            self.at += 1;
            return Some(());
        }
        loop {
            part(self)?;
            let next = self.peek()?;
            self.at += 1;
            match next {
                b',' => {}
                next if next == close => return Some(()),
                _ => return None,
            }
        }
    }

    fn token(&mut self) -> Option<String> {
        self.peek()?;
        let bytes = &self.text.as_bytes()[self.at..];
        let len = if bytes.first() == Some(&b'"') {
            let mut len = 1;
            while *bytes.get(len)? != b'"' {
                len += if bytes[len] == b'\\' { 2 } else { 1 };
            }
            len + 1
        } else {
            bytes
                .iter()
                .position(|byte| byte.is_ascii_whitespace() || b",:[]{}\"".contains(byte))
                .unwrap_or(bytes.len())
        };
        let token = self.text.get(self.at..self.at + len).filter(|token| !token.is_empty())?;
        self.at += len;
        Some(token.to_owned())
    }
}
