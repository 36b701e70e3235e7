//! XML text to a small tree with lines: configuration files of other products, and an assertion that nobody has
//! verified, for a draft.
//!
//! The second place of quick-xml, beside `credential/saml/`. The arena there belongs to the stream: it is built to be
//! canonicalised and hashed, its nodes are seen by the verifier alone, and it has no lines. What is read here proves
//! nothing and issues nothing, so nothing of the stream is needed, and nothing here can become a credential.
//!
//! **Invariant.** Size, depth and number of nodes are bounded; a document type, and with it every entity, is refused.
//!
//! **Absent on purpose.** Comments, processing instructions, and the order of text among elements.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::QName;

use super::ImportError;

/// Larger files are refused before they are read.
const MAX_BYTES: usize = 1 << 20;
/// Elements inside each other.
const MAX_DEPTH: usize = 64;
/// Elements and attributes together.
const MAX_NODES: usize = 100_000;

/// An element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Element {
    /// Without its prefix.
    pub(super) local: String,
    /// The name of its namespace; empty where it has none.
    pub(super) namespace: String,
    /// By their local names, in order.
    pub(super) attributes: Vec<(String, String)>,
    /// In order.
    pub(super) children: Vec<Self>,
    /// All of its own text, without that of its children.
    pub(super) text: String,
    /// On which its tag begins.
    pub(super) line: usize,
}

impl Element {
    /// The value of an attribute, by its local name.
    pub(super) fn attribute(&self, local: &str) -> Option<&str> {
        self.attributes.iter().find(|(name, _)| name == local).map(|(_, value)| value.as_str())
    }

    /// `xsi:type` without its prefix.
    pub(super) fn kind(&self) -> &str {
        let kind = self.attribute("type").unwrap_or_default();
        kind.rsplit(':').next().unwrap_or_default()
    }

    /// The children with this local name.
    pub(super) fn all<'e>(&'e self, local: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.local == local)
    }

    /// The first of them.
    pub(super) fn first(&self, local: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.local == local)
    }

    /// This element and every one inside of it, in the order of the document.
    pub(super) fn walk(&self) -> Vec<&Self> {
        let mut found = Vec::new();
        let mut waiting = vec![self];
        while let Some(element) = waiting.pop() {
            found.push(element);
            waiting.extend(element.children.iter().rev());
        }
        found
    }
}

/// Reads a document.
pub(super) fn parse(text: &str) -> Result<Element, ImportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.len() > MAX_BYTES {
        return Err(ImportError::new(0, format!("the file is larger than {} MiB", MAX_BYTES >> 20)));
    }
    let mut reader = Reader::from_str(text);
    let mut builder = Builder { lines: Lines::of(text), open: Vec::new(), scopes: Vec::new(), root: None, nodes: 0 };
    loop {
        let from = usize::try_from(reader.buffer_position()).unwrap_or(text.len());
        let line = builder.lines.at(from);
        let event = reader.read_event().map_err(|error| no_xml(line, &error.to_string()))?;
        if builder.event(event, line)? {
            return builder.root.ok_or_else(|| no_xml(line, "there is no element"));
        }
    }
}

fn no_xml(line: usize, why: &str) -> ImportError {
    ImportError::new(line, format!("this is no XML: {why}"))
}

/// The number of line breaks before a place; places are asked in order.
struct Lines<'t> {
    text: &'t str,
    seen: usize,
    line: usize,
}

impl<'t> Lines<'t> {
    const fn of(text: &'t str) -> Self {
        Self { text, seen: 0, line: 1 }
    }

    fn at(&mut self, place: usize) -> usize {
        let between = self.text.get(self.seen..place).unwrap_or_default();
        self.line += between.matches('\n').count();
        self.seen = self.seen.max(place);
        self.line
    }
}

struct Builder<'t> {
    lines: Lines<'t>,
    open: Vec<Element>,
    /// What each open element declares: prefix and namespace.
    scopes: Vec<Vec<(String, String)>>,
    root: Option<Element>,
    nodes: usize,
}

impl Builder<'_> {
    /// Says whether the document is over.
    fn event(&mut self, event: Event<'_>, line: usize) -> Result<bool, ImportError> {
        match event {
            Event::Start(start) => self.start(&start, line)?,
            Event::Empty(start) => {
                self.start(&start, line)?;
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text),
            Event::CData(text) => self.text(&text),
            Event::GeneralRef(name) => {
                let reference = format!("&{};", &*name);
                let text = unescape(&reference).map_err(|_| no_xml(line, &format!("the reference `{reference}`")))?;
                self.text(&text);
            }
            Event::DocType(_) => return Err(ImportError::new(line, "a document type is not accepted")),
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof if self.open.is_empty() => return Ok(true),
            Event::Eof => return Err(no_xml(line, "an element is not closed")),
        }
        Ok(false)
    }

    fn count(&mut self, line: usize) -> Result<(), ImportError> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(ImportError::new(line, format!("the file has more than {MAX_NODES} elements and attributes")));
        }
        Ok(())
    }

    fn start(&mut self, start: &BytesStart<'_>, line: usize) -> Result<(), ImportError> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(no_xml(line, "a second root element"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(ImportError::new(line, format!("the file nests deeper than {MAX_DEPTH} elements")));
        }
        self.count(line)?;
        let mut element = Element { line, ..Element::default() };
        let mut scope = Vec::new();
        for attribute in start.attributes() {
            self.count(line)?;
            let attribute = attribute.map_err(|error| no_xml(line, &error.to_string()))?;
            let value = unescape(&attribute.value).map_err(|error| no_xml(line, &error.to_string()))?.into_owned();
            let (prefix, local) = split(attribute.key);
            match (prefix.as_str(), local.as_str()) {
                ("", "xmlns") => scope.push((String::new(), value)),
                ("xmlns", _) => scope.push((local, value)),
                _ => element.attributes.push((local, value)),
            }
        }
        self.scopes.push(scope);
        let (prefix, local) = split(start.name());
        element.local = local;
        element.namespace = self.namespace(&prefix);
        self.open.push(element);
        Ok(())
    }

    fn namespace(&self, prefix: &str) -> String {
        let declared = self.scopes.iter().rev().flatten().find(|(known, _)| known == prefix);
        declared.map(|(_, namespace)| namespace.clone()).unwrap_or_default()
    }

    fn end(&mut self) {
        // An end tag without its start tag is an error of the reader's, and never comes here.
        let Some(element) = self.open.pop() else { return };
        self.scopes.pop();
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(element) = self.open.last_mut() {
            element.text.push_str(text);
        }
    }
}

/// Prefix and local name.
fn split(name: QName<'_>) -> (String, String) {
    let prefix = name.prefix().map(|prefix| prefix.as_ref().to_owned()).unwrap_or_default();
    (prefix, name.local_name().as_ref().to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn elements_have_names_values_and_lines() {
        let text = "\u{feff}<?xml version=\"1.0\"?>\n<!-- <x/> -->\n<a xmlns=\"urn:a\" xmlns:p='urn:p'>\n  <p:b p:type=\"p:Simple\" v=\"1&amp;2\"/>\n \
                    <c>x<![CDATA[<y>]]>&lt;&#x41;</c>\n</a>\n";
        let root = parse(text).unwrap();
        assert_eq!((root.local.as_str(), root.namespace.as_str(), root.line), ("a", "urn:a", 3));
        let b = root.first("b").unwrap();
        assert_eq!((b.namespace.as_str(), b.kind(), b.attribute("v"), b.line), ("urn:p", "Simple", Some("1&2"), 4));
        let c = root.first("c").unwrap();
        assert_eq!((c.text.as_str(), c.namespace.as_str(), c.line), ("x<y><A", "urn:a", 5));
        assert_eq!(root.walk().iter().map(|e| e.local.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
    }

    #[test]
    fn what_is_no_xml_or_too_much_is_told_with_its_line() {
        let deep = "<a>".repeat(MAX_DEPTH + 1);
        let wide = format!("<a>{}</a>", "<b/>".repeat(MAX_NODES));
        for (text, expected) in [
            ("", "1 this is no XML: there is no element"),
            ("<a>\n<b>\n</a>", "3 this is no XML: ill-formed document: expected `</b>`, but `</a>` was found"),
            ("<a>\n", "2 this is no XML: an element is not closed"),
            ("<a/>\n<b/>", "2 this is no XML: a second root element"),
            ("<!DOCTYPE a [<!ENTITY x 'y'>]>\n<a>&x;</a>", "1 a document type is not accepted"),
            ("<a>\n\n&x;</a>", "3 this is no XML: the reference `&x;`"),
            ("<a b='&x;'/>", "1 this is no XML: at 1..2: unrecognized entity `x`"),
            (&deep, "1 the file nests deeper than 64 elements"),
            (&wide, "1 the file has more than 100000 elements and attributes"),
            (&" ".repeat(MAX_BYTES + 1), "0 the file is larger than 1 MiB"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!(format!("{} {}", error.line, error.message), expected);
        }
    }

    proptest! {
        #[test]
        fn garbage_never_panics(text in "[<>/a&;!\"'= \\[\\]?\\-:#x\n]{0,64}") {
            let _ = parse(&text);
        }
    }
}
