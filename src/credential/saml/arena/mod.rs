//! A document as one flat table of nodes: what the gate checks, what is canonicalised, what is read.
//!
//! Floor 2.
//!
//! ```text
//! text ─ one quick-xml pass (build) ─▶ Arena: nodes in document order, attributes, declarations, names as integers
//! ```
//!
//! quick-xml finds the borders of markup and pairs the tags; it is lax by design, so everything else that XML 1.0 and
//! Namespaces in XML demand is checked or done while the arena is built: names, characters, references, a single root,
//! nothing but white space outside it, attribute values, line ends, declarations, duplicates.
//!
//! **Invariant.** Adjacent text is one node: an element without child elements has at most one text.
//!
//! **Invariant.** Attributes stand in the order of Canonical XML (namespace name, then local part).
//!
//! **Invariant.** Memory is a small multiple of the text, which [`Limits::bytes`] bounds; time is linear in it.
//!
//! **Absent on purpose.** Entities, DTDs, processing instructions, anything but UTF-8.

mod attributes;
mod build;
mod element;
mod names;
mod prolog;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

pub(super) use element::{Children, Element};
pub(super) use names::{is_ncname, is_space};

use super::rejection::SamlRejection;

/// What a document may have at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Bytes of text.
    pub bytes: usize,
    /// Elements inside each other.
    pub depth: usize,
    /// Elements, texts, attributes and namespace declarations together.
    pub nodes: usize,
    /// Attributes and namespace declarations of one element.
    pub attributes: usize,
    /// Different namespace names, different prefixes, and declarations in scope; each.
    pub namespaces: usize,
    /// What happens to comments.
    pub comments: Comments,
    /// What happens to CDATA sections.
    pub cdata: Cdata,
    /// What happens to declarations of the prefix `xml`.
    pub xml_prefix: XmlPrefix,
}

/// What happens to comments (XML 1.0 section 2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comments {
    /// They end the matter.
    Refuse,
    /// They are left out; the text around them is one.
    Drop,
}

/// What happens to CDATA sections (XML 1.0 section 2.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cdata {
    /// They end the matter. No identity provider writes them, and readers that stop at one exist.
    Refuse,
    /// They are text like any other, as in Canonical XML.
    AsText,
}

/// What happens to a declaration that binds `xml` to its own namespace (Namespaces in XML section 3); any other binding
/// of either ends the matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum XmlPrefix {
    /// It ends the matter. In a message nobody says what is so anyway.
    NeverDeclared,
    /// It is left out, as in Canonical XML. Shibboleth's metadata has it.
    MayBeDeclared,
}

impl Limits {
    /// Of a message (`docs/ARCHITECTURE.md`, "SAML: see only what was signed").
    pub(super) const MESSAGE: Self = Self {
        bytes: 128 * 1024,
        depth: 48,
        nodes: 20_000,
        attributes: 64,
        namespaces: 64,
        comments: Comments::Refuse,
        cdata: Cdata::Refuse,
        xml_prefix: XmlPrefix::NeverDeclared,
    };
}

/// A namespace name, as its place in the arena's table. The names that this module knows have fixed places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Namespace(u16);

impl Namespace {
    /// No namespace.
    pub(super) const NONE: Self = Self(0);
    /// `xml:`
    pub(super) const XML: Self = Self(1);
    /// SAML 2.0 assertions.
    pub(super) const ASSERTION: Self = Self(2);
    /// SAML 2.0 protocol.
    pub(super) const PROTOCOL: Self = Self(3);
    /// XML Signature.
    pub(super) const SIGNATURE: Self = Self(4);
    /// Exclusive XML Canonicalization.
    pub(super) const EXC_C14N: Self = Self(5);
    /// SAML 2.0 metadata.
    pub(super) const METADATA: Self = Self(6);
    /// `xsi:`
    pub(super) const INSTANCE: Self = Self(7);

    const KNOWN: [&'static str; 8] = [
        "",
        "http://www.w3.org/XML/1998/namespace",
        "urn:oasis:names:tc:SAML:2.0:assertion",
        "urn:oasis:names:tc:SAML:2.0:protocol",
        "http://www.w3.org/2000/09/xmldsig#",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "urn:oasis:names:tc:SAML:2.0:metadata",
        "http://www.w3.org/2001/XMLSchema-instance",
    ];
}

/// A prefix, as its place in the arena's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Prefix(u16);

impl Prefix {
    /// No prefix.
    pub(super) const DEFAULT: Self = Self(0);
    /// `xml`, which is bound without a declaration.
    pub(super) const XML: Self = Self(1);

    const KNOWN: [&'static str; 2] = ["", "xml"];
}

/// A prefix and what it is bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Declaration {
    pub prefix: Prefix,
    pub namespace: Namespace,
}

/// The place of a node in the arena.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeId(u32);

/// An attribute that is no namespace declaration.
pub(super) struct Attribute<'a> {
    /// As written, with its prefix.
    pub qname: &'a str,
    pub local: &'a str,
    pub prefix: Prefix,
    pub namespace: Namespace,
    /// Normalised (XML 1.0 section 3.3.3).
    pub value: Cow<'a, str>,
    /// Whether canonicalisation writes the value as it is.
    pub plain: bool,
}

/// A start tag.
pub(super) struct Tag<'a> {
    /// As written, with its prefix.
    pub qname: &'a str,
    pub local: &'a str,
    pub prefix: Prefix,
    pub namespace: Namespace,
    attributes: (u32, u32),
    declarations: (u32, u32),
}

/// A run of text.
pub(super) struct Text<'a> {
    /// References resolved, line ends normalised.
    pub value: Cow<'a, str>,
    /// Whether canonicalisation writes the value as it is.
    pub plain: bool,
}

pub(super) enum Kind<'a> {
    Element(Tag<'a>),
    Text(Text<'a>),
}

/// A node in document order: its descendants follow it, up to `end`.
pub(super) struct Node<'a> {
    parent: u32,
    end: u32,
    kind: Kind<'a>,
}

/// A document, admitted.
pub(super) struct Arena<'a> {
    nodes: Vec<Node<'a>>,
    attributes: Vec<Attribute<'a>>,
    declarations: Vec<Declaration>,
    prefixes: Vec<&'a str>,
    namespaces: Vec<Cow<'a, str>>,
}

impl<'a> Arena<'a> {
    /// Reads a document. Errors are [`SamlRejection::TooLarge`] and [`SamlRejection::Xml`].
    pub(super) fn parse(text: &'a str, limits: &Limits) -> Result<Self, SamlRejection> {
        build::build(text, limits)
    }

    /// The element at a place, if it is one.
    pub(super) fn element(&self, id: NodeId) -> Option<Element<'_>> {
        let node = self.nodes.get(id.0 as usize)?;
        match &node.kind {
            Kind::Element(tag) => Some(Element::new(self, id, node, tag)),
            Kind::Text(_) => None,
        }
    }

    /// The root element; there always is one.
    pub(super) fn root(&self) -> Option<Element<'_>> {
        self.element(NodeId(0))
    }

    /// Every element, in document order.
    pub(super) fn elements(&self) -> impl Iterator<Item = Element<'_>> {
        (0u32..).zip(&self.nodes).filter_map(|(id, node)| match &node.kind {
            Kind::Element(tag) => Some(Element::new(self, NodeId(id), node, tag)),
            Kind::Text(_) => None,
        })
    }

    /// Every attribute of every element, in document order of the elements.
    pub(super) fn all_attributes(&self) -> &[Attribute<'a>] {
        &self.attributes
    }

    /// The place of a prefix, where the document has it.
    pub(super) fn prefix(&self, text: &str) -> Option<Prefix> {
        let place = self.prefixes.iter().position(|known| *known == text)?;
        u16::try_from(place).ok().map(Prefix)
    }

    /// The text of a prefix.
    pub(super) fn prefix_text(&self, prefix: Prefix) -> &str {
        self.prefixes.get(usize::from(prefix.0)).copied().unwrap_or_default()
    }

    /// The name of a namespace.
    pub(super) fn namespace_name(&self, namespace: Namespace) -> &str {
        self.namespaces.get(usize::from(namespace.0)).map(AsRef::as_ref).unwrap_or_default()
    }
}

impl<'a> Tag<'a> {
    /// As in [`Element::attributes`].
    pub(super) fn attributes<'d>(&self, arena: &'d Arena<'a>) -> &'d [Attribute<'a>] {
        let (from, to) = self.attributes;
        arena.attributes.get(from as usize..to as usize).unwrap_or_default()
    }

    /// As in [`Element::declarations`].
    pub(super) fn declarations<'d>(&self, arena: &'d Arena<'a>) -> &'d [Declaration] {
        let (from, to) = self.declarations;
        arena.declarations.get(from as usize..to as usize).unwrap_or_default()
    }
}

/// Shows the size, never the content.
impl fmt::Debug for Arena<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arena({} nodes)", self.nodes.len())
    }
}
