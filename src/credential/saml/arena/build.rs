//! The one pass over a document.
//!
//! Floor 2. Each step names the rule of XML 1.0 or Namespaces in XML that it upholds; what quick-xml upholds itself is
//! the pairing of tags, the end of every construct, and the grammar of nothing else.

use std::borrow::Cow;
use std::cmp::Ordering;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::super::rejection::{SamlRejection, XmlFault};
use super::attributes::{Attributes, RawAttribute, resolve};
use super::names::{is_absolute_uri, is_space, split_qname};
use super::prolog::{declaration, scan};
use super::{
    Arena, Attribute, Cdata, Comments, Declaration, Kind, Limits, Namespace, Node, NodeId, Prefix, Tag, Text, XmlPrefix,
};

const XMLNS: &str = "http://www.w3.org/2000/xmlns/";
const LONGEST_NAMESPACE: usize = 256;
const BOM: char = '\u{FEFF}';

/// An element that is not closed yet.
struct Open {
    id: u32,
    /// How many bindings were in scope around it.
    bindings: usize,
}

struct Builder<'a, 'l> {
    limits: &'l Limits,
    arena: Arena<'a>,
    open: Vec<Open>,
    /// Declarations in scope, innermost last.
    bindings: Vec<Declaration>,
    /// Whether a carriage return stands anywhere.
    returns: bool,
}

pub(super) fn build<'a>(text: &'a str, limits: &Limits) -> Result<Arena<'a>, SamlRejection> {
    if text.len() > limits.bytes {
        return Err(SamlRejection::TooLarge { found: text.len(), limit: limits.bytes });
    }
    // XML 1.0 section 4.3.3. One byte order mark; quick-xml would take a second one in silence.
    let body = text.strip_prefix(BOM).unwrap_or(text);
    let skipped = text.len() - body.len();
    let refused = |fault, at: usize, in_signature| SamlRejection::Xml { fault, at: at + skipped, in_signature };
    if body.starts_with(BOM) {
        return Err(refused(XmlFault::IllFormed("a second byte order mark"), 0, false));
    }
    let returns = scan(body).map_err(|at| refused(XmlFault::Character, at, false))?;
    let mut builder = Builder::new(body, limits, returns);
    match builder.run(body) {
        Ok(()) => Ok(builder.arena),
        Err((fault, at)) => Err(refused(fault, at, builder.in_signature())),
    }
}

impl<'a, 'l> Builder<'a, 'l> {
    fn new(text: &str, limits: &'l Limits, returns: bool) -> Self {
        // A message of 7.7 KB has some 110 nodes and 90 attributes.
        let arena = Arena {
            nodes: Vec::with_capacity(text.len() / 48),
            attributes: Vec::with_capacity(text.len() / 64),
            declarations: Vec::with_capacity(32),
            prefixes: Prefix::KNOWN.to_vec(),
            namespaces: Namespace::KNOWN.map(Cow::Borrowed).to_vec(),
        };
        let bindings = Vec::with_capacity(limits.namespaces.min(64));
        Self { limits, arena, open: Vec::with_capacity(limits.depth.min(64)), bindings, returns }
    }

    fn run(&mut self, text: &'a str) -> Result<(), (XmlFault, usize)> {
        let mut reader = Reader::from_str(text);
        // XML 1.0 section 2.5: no `--` in a comment.
        reader.config_mut().check_comments = true;
        loop {
            let from = position(&reader);
            let event = reader.read_event().map_err(|error| (fault_of(&error), from))?;
            let markup = text.get(from..position(&reader)).unwrap_or_default();
            if self.event(&event, markup, from).map_err(|fault| (fault, from))? {
                return Ok(());
            }
        }
    }

    /// Says whether the document is over.
    fn event(&mut self, event: &Event<'a>, markup: &'a str, from: usize) -> Result<bool, XmlFault> {
        match event {
            Event::Start(_) => self.start(inside(markup, "<", ">")?)?,
            Event::Empty(_) => {
                self.start(inside(markup, "<", "/>")?)?;
                self.end();
            }
            Event::End(_) => self.end(),
            Event::Text(_) => self.literal(markup)?,
            Event::CData(_) => match self.limits.cdata {
                Cdata::Refuse => return Err(XmlFault::Cdata),
                Cdata::AsText => self.cdata(inside(markup, "<![CDATA[", "]]>")?)?,
            },
            Event::GeneralRef(_) => self.reference(inside(markup, "&", ";")?)?,
            Event::Comment(_) if self.limits.comments == Comments::Drop => {}
            Event::Comment(_) => return Err(XmlFault::Comment),
            // XML 1.0 section 2.8: at the very start or not at all.
            Event::Decl(_) if from == 0 => declaration(inside(markup, "<?xml", "?>")?)?,
            Event::Decl(_) => return Err(XmlFault::Declaration),
            Event::PI(_) => return Err(XmlFault::ProcessingInstruction),
            Event::DocType(_) => return Err(XmlFault::Doctype),
            Event::Eof => return self.finish().map(|()| true),
        }
        Ok(false)
    }

    fn finish(&self) -> Result<(), XmlFault> {
        match (self.arena.nodes.is_empty(), self.open.is_empty()) {
            (true, _) => Err(XmlFault::IllFormed("no root element")),
            (false, false) => Err(XmlFault::IllFormed("an element is not closed")),
            (false, true) => Ok(()),
        }
    }

    fn start(&mut self, content: &'a str) -> Result<(), XmlFault> {
        // XML 1.0 section 2.1: one root.
        if self.open.is_empty() && !self.arena.nodes.is_empty() {
            return Err(XmlFault::IllFormed("a second root element"));
        }
        within(self.open.len() + 1, self.limits.depth, "elements inside each other")?;
        let end = content.bytes().position(is_space).unwrap_or(content.len());
        let (qname, rest) = content.split_at_checked(end).unwrap_or((content, ""));
        let (prefix, local) = split_qname(qname).ok_or(XmlFault::IllFormed("an element's name"))?;
        let (outer, attributes, declarations) =
            (self.bindings.len(), self.arena.attributes.len(), self.arena.declarations.len());
        self.attributes_of(rest)?;
        self.resolve_attributes(attributes)?;
        let (prefix, namespace) = self.bound(prefix)?;
        let tag = Tag {
            qname,
            local,
            prefix,
            namespace,
            attributes: (count(attributes), count(self.arena.attributes.len())),
            declarations: (count(declarations), count(self.arena.declarations.len())),
        };
        let id = self.push(Kind::Element(tag))?;
        self.open.push(Open { id, bindings: outer });
        Ok(())
    }

    fn end(&mut self) {
        // An end tag without its start tag is an error of quick-xml's, and never comes here.
        let Some(open) = self.open.pop() else { return };
        let end = count(self.arena.nodes.len());
        if let Some(node) = self.arena.nodes.get_mut(open.id as usize) {
            node.end = end;
        }
        self.bindings.truncate(open.bindings);
    }

    /// Reads what follows the name in a tag: declarations come into scope, attributes wait for their namespaces.
    fn attributes_of(&mut self, rest: &'a str) -> Result<(), XmlFault> {
        let (mut attributes, mut found) = (Attributes::of(rest), 0);
        let declared = self.arena.declarations.len();
        while let Some(RawAttribute { name, value, plain }) = attributes.next()? {
            found += 1;
            within(found, self.limits.attributes, "attributes on an element")?;
            let (prefix, local) = split_qname(name).ok_or(XmlFault::IllFormed("an attribute's name"))?;
            match (prefix, local) {
                ("", "xmlns") => self.declare("", value, declared)?,
                ("xmlns", prefix) => self.declare(prefix, value, declared)?,
                (_, local) => {
                    let attribute = Attribute {
                        qname: name,
                        local,
                        prefix: Prefix::DEFAULT,
                        namespace: Namespace::NONE,
                        value,
                        plain,
                    };
                    self.arena.attributes.push(attribute);
                }
            }
        }
        self.within_nodes()
    }

    /// Namespaces in XML sections 3 and 5. `declared` is where the declarations of this element begin.
    fn declare(&mut self, prefix: &'a str, name: Cow<'a, str>, declared: usize) -> Result<(), XmlFault> {
        let says_what_is_so = prefix == "xml" && name == self.arena.namespace_name(Namespace::XML);
        if says_what_is_so && self.limits.xml_prefix == XmlPrefix::MayBeDeclared {
            return Ok(());
        }
        if matches!(prefix, "xml" | "xmlns") {
            return Err(XmlFault::Namespace("`xml` or `xmlns` as a prefix"));
        }
        if name == XMLNS || name == self.arena.namespace_name(Namespace::XML) {
            return Err(XmlFault::Namespace("the namespace of `xml` or `xmlns` for another prefix"));
        }
        if name.is_empty() && !prefix.is_empty() {
            return Err(XmlFault::Namespace("a prefix bound to nothing"));
        }
        let declaration = Declaration { prefix: self.intern_prefix(prefix)?, namespace: self.intern_namespace(name)? };
        let mut here = self.arena.declarations.iter().skip(declared);
        if here.any(|other| other.prefix == declaration.prefix) {
            return Err(XmlFault::AttributeRepeated);
        }
        self.arena.declarations.push(declaration);
        self.bindings.push(declaration);
        within(self.bindings.len(), self.limits.namespaces, "namespace declarations in scope")
    }

    fn intern_prefix(&mut self, text: &'a str) -> Result<Prefix, XmlFault> {
        if let Some(known) = self.arena.prefix(text) {
            return Ok(known);
        }
        let place = self.arena.prefixes.len();
        within(place, self.limits.namespaces, "different prefixes")?;
        self.arena.prefixes.push(text);
        u16::try_from(place).map(Prefix).map_err(|_| over(self.limits.namespaces, "different prefixes"))
    }

    fn intern_namespace(&mut self, name: Cow<'a, str>) -> Result<Namespace, XmlFault> {
        let known = self.arena.namespaces.iter().position(|known| *known == name);
        let place = known.unwrap_or(self.arena.namespaces.len());
        if known.is_none() {
            if !is_absolute_uri(&name) {
                return Err(XmlFault::NamespaceRelative);
            }
            // Exclusive canonicalisation may write a name once for each element that uses it.
            within(name.len(), LONGEST_NAMESPACE, "bytes of a namespace name")?;
            within(place, self.limits.namespaces, "different namespaces")?;
            self.arena.namespaces.push(name);
        }
        u16::try_from(place).map(Namespace).map_err(|_| over(self.limits.namespaces, "different namespaces"))
    }

    /// What a prefix of an element's name is bound to (Namespaces in XML section 6.2); empty is the default namespace.
    fn bound(&self, prefix: &str) -> Result<(Prefix, Namespace), XmlFault> {
        let prefix = self.arena.prefix(prefix).ok_or(XmlFault::PrefixUndeclared)?;
        let found = self.bindings.iter().rev().find(|binding| binding.prefix == prefix);
        match (found, prefix) {
            (Some(binding), _) => Ok((prefix, binding.namespace)),
            (None, Prefix::DEFAULT) => Ok((prefix, Namespace::NONE)),
            (None, Prefix::XML) => Ok((prefix, Namespace::XML)),
            (None, _) => Err(XmlFault::PrefixUndeclared),
        }
    }

    /// Gives the attributes of an element their namespaces, sorts them as Canonical XML 1.0 section 2.2 does, and looks
    /// for two of one expanded name (Namespaces in XML section 6.3; the same name twice is a case of it).
    fn resolve_attributes(&mut self, from: usize) -> Result<(), XmlFault> {
        for place in from..self.arena.attributes.len() {
            let Some(attribute) = self.arena.attributes.get(place) else { continue };
            // The default namespace is not for attributes (section 6.2).
            if attribute.qname.len() == attribute.local.len() {
                continue;
            }
            let (prefix, _) = attribute.qname.split_once(':').unwrap_or_default();
            let (prefix, namespace) = self.bound(prefix)?;
            if let Some(attribute) = self.arena.attributes.get_mut(place) {
                (attribute.prefix, attribute.namespace) = (prefix, namespace);
            }
        }
        let namespaces = &self.arena.namespaces;
        let attributes = self.arena.attributes.get_mut(from..).unwrap_or_default();
        if attributes.len() < 2 {
            return Ok(());
        }
        let name = |attribute: &Attribute<'_>| namespaces.get(usize::from(attribute.namespace.0));
        attributes.sort_unstable_by(|a, b| {
            let by_namespace = if a.namespace == b.namespace { Ordering::Equal } else { name(a).cmp(&name(b)) };
            by_namespace.then_with(|| a.local.cmp(b.local))
        });
        let twice = attributes
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a.namespace == b.namespace && a.local == b.local));
        if twice { Err(XmlFault::AttributeRepeated) } else { Ok(()) }
    }

    /// Character data as it stands (XML 1.0 section 2.4).
    fn literal(&mut self, raw: &'a str) -> Result<(), XmlFault> {
        if self.open.is_empty() {
            // XML 1.0 productions 1, 22 and 27.
            let blank = raw.bytes().all(is_space);
            return if blank { Ok(()) } else { Err(XmlFault::IllFormed("text outside the root element")) };
        }
        let plain = !raw.as_bytes().contains(&b'>');
        if !plain && raw.contains("]]>") {
            return Err(XmlFault::IllFormed("`]]>` in text"));
        }
        let value = self.line_ends(raw);
        self.text(value, plain)
    }

    fn cdata(&mut self, raw: &'a str) -> Result<(), XmlFault> {
        let value = self.line_ends(raw);
        self.text(value, false)
    }

    fn reference(&mut self, name: &str) -> Result<(), XmlFault> {
        let c = resolve(name)?;
        let plain = !matches!(c, '<' | '>' | '&' | '\r');
        self.text(Cow::Owned(c.to_string()), plain)
    }

    /// XML 1.0 section 2.11.
    fn line_ends(&self, raw: &'a str) -> Cow<'a, str> {
        if self.returns && raw.as_bytes().contains(&b'\r') {
            Cow::Owned(raw.replace("\r\n", "\n").replace('\r', "\n"))
        } else {
            Cow::Borrowed(raw)
        }
    }

    /// Adds to the text before, if that is what stands before, or makes a node.
    fn text(&mut self, value: Cow<'a, str>, plain: bool) -> Result<(), XmlFault> {
        let parent = self.open.last().ok_or(XmlFault::IllFormed("text outside the root element"))?.id;
        if let Some(Node { parent: before, kind: Kind::Text(text), .. }) = self.arena.nodes.last_mut() {
            // The last node is a text, so nothing was closed behind it: it is the parent's last child or above it.
            if *before == parent {
                text.value.to_mut().push_str(&value);
                text.plain &= plain;
                return Ok(());
            }
        }
        self.push(Kind::Text(Text { value, plain })).map(|_| ())
    }

    fn push(&mut self, kind: Kind<'a>) -> Result<u32, XmlFault> {
        let id = count(self.arena.nodes.len());
        let parent = self.open.last().map_or(id, |open| open.id);
        self.arena.nodes.push(Node { parent, end: id + 1, kind });
        self.within_nodes()?;
        Ok(id)
    }

    fn within_nodes(&self) -> Result<(), XmlFault> {
        let arena = &self.arena;
        within(arena.nodes.len() + arena.attributes.len() + arena.declarations.len(), self.limits.nodes, "nodes")
    }

    fn in_signature(&self) -> bool {
        let mut open = self.open.iter().filter_map(|open| self.arena.element(NodeId(open.id)));
        open.any(|element| element.is(Namespace::SIGNATURE, "Signature"))
    }
}

fn fault_of(error: &quick_xml::Error) -> XmlFault {
    use quick_xml::Error as E;
    use quick_xml::errors::IllFormedError as I;
    match error {
        E::IllFormed(I::MismatchedEndTag { .. }) => XmlFault::IllFormed("an end tag of another name"),
        E::IllFormed(I::UnmatchedEndTag(_)) => XmlFault::IllFormed("an end tag without its start tag"),
        E::IllFormed(I::UnclosedReference) => XmlFault::Reference,
        E::IllFormed(I::DoubleHyphenInComment) => XmlFault::IllFormed("`--` in a comment"),
        E::IllFormed(I::MissingDoctypeName) => XmlFault::Doctype,
        E::IllFormed(I::UnknownVersion | I::MissingDeclVersion(_) | I::MissingEndTag(_))
        | E::InvalidAttr(_)
        | E::Escape(_) => XmlFault::IllFormed("markup"),
        E::Syntax(_) => XmlFault::IllFormed("markup that is not closed"),
        E::Io(_) | E::Encoding(_) | E::Namespace(_) => XmlFault::IllFormed("input"),
    }
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

/// What stands between the delimiters of a piece of markup.
fn inside<'a>(markup: &'a str, open: &str, close: &str) -> Result<&'a str, XmlFault> {
    let content = markup.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
    content.ok_or(XmlFault::IllFormed("markup"))
}

fn within(found: usize, limit: usize, of: &'static str) -> Result<(), XmlFault> {
    if found > limit { Err(over(limit, of)) } else { Ok(()) }
}

const fn over(limit: usize, of: &'static str) -> XmlFault {
    XmlFault::Limit { of, limit }
}

/// A place in a table: texts of 4 GiB are refused by every limit.
fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
