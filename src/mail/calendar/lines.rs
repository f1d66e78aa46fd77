//! Content lines of an iCalendar object: escaping, quoting and folding (RFC 5545 §3.1 and §3.3.11, RFC 6868).
//!
//! What must stay true: whatever the value, one call writes one property and nothing of the value escapes it.

/// The most octets on one line, its CRLF not counted (RFC 5545 §3.1).
const LINE_OCTETS: usize = 75;

/// An iCalendar object as it grows.
#[derive(Debug, Default)]
pub(super) struct Lines(String);

impl Lines {
    /// A property with a value of our own making, such as a date or a keyword.
    pub(super) fn plain(&mut self, name: &str, value: &str) {
        self.fold(&format!("{name}:{}", printable(value)));
    }

    /// A property of type TEXT with any value.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.fold(&format!("{name}:{}", escaped(value)));
    }

    /// A person: `address` is already known to be a plain mail address, `common_name` is any text.
    pub(super) fn person(&mut self, name: &str, common_name: &str, parameters: &str, address: &str) {
        self.fold(&format!("{name};CN=\"{}\"{parameters}:mailto:{}", quoted(common_name), printable(address)));
    }

    /// The finished object.
    pub(super) fn finish(self) -> String {
        self.0
    }

    fn fold(&mut self, line: &str) {
        let mut octets = 0;
        for c in line.chars() {
            if octets + c.len_utf8() > LINE_OCTETS {
                self.0.push_str("\r\n ");
                octets = 1;
            }
            self.0.push(c);
            octets += c.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}

/// TEXT: backslash, semicolon, comma and line break are escaped; other control characters are not allowed and go.
fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for c in value.replace("\r\n", "\n").chars() {
        match c {
            '\\' | ';' | ',' => {
                out.push('\\');
                out.push(c);
            }
            '\n' | '\r' => out.push_str("\\n"),
            _ if c.is_control() => {}
            _ => out.push(c),
        }
    }
    out
}

/// The inside of a quoted parameter: it has no way to write a double quote but RFC 6868's.
fn quoted(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for c in value.replace("\r\n", "\n").chars() {
        match c {
            '^' => out.push_str("^^"),
            '"' => out.push_str("^'"),
            '\n' | '\r' => out.push_str("^n"),
            _ if c.is_control() => {}
            _ => out.push(c),
        }
    }
    out
}

fn printable(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).collect()
}
