//! Exclusive XML Canonicalization 1.0 without comments, of one subtree.
//!
//! Floor 2.
//!
//! ```text
//! element of the arena, minus one descendant, with the InclusiveNamespaces list ─▶ bytes, UTF-8
//! ```
//!
//! Section numbers are of Exclusive XML Canonicalization 1.0 (W3C, 2002) unless they say C14N, which is Canonical XML
//! 1.0 (W3C, 2001).
//!
//! **Absent on purpose.** Comments and processing instructions, which the arena has none of; node sets other than a
//! subtree; inclusive canonicalisation.

use super::arena::{Arena, Declaration, Element, Kind, Limits, Namespace, NodeId, Prefix, Tag, Text};

/// No canonical form of a message is longer. It can be many times the message, because a declaration far out is written
/// again for each element that uses it; honest ones are hardly longer than the message.
const LONGEST: usize = 8 * Limits::MESSAGE.bytes;

/// The canonical form would be over the limit, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooLong;

/// Writes the canonical form of `apex` to `out`, leaving out the subtree of `omit` (the enveloped signature) and treating
/// the prefixes of `inclusive` as inclusive canonicalisation does (section 3, `InclusiveNamespaces PrefixList`).
pub(super) fn canonicalize(
    apex: Element<'_>,
    omit: Option<NodeId>,
    inclusive: &[Prefix],
    out: &mut Vec<u8>,
) -> Result<(), TooLong> {
    let mut writer =
        Writer { arena: apex.arena(), inclusive, out, rendered: Vec::with_capacity(16), wanted: Vec::with_capacity(8) };
    writer.subtree(apex, omit)
}

/// A start tag that waits for its end tag.
struct Open<'d> {
    qname: &'d str,
    /// The place after its last descendant.
    end: NodeId,
    /// How many declarations were rendered around it.
    rendered: usize,
}

struct Writer<'d, 'o> {
    arena: &'d Arena<'d>,
    inclusive: &'o [Prefix],
    out: &'o mut Vec<u8>,
    /// Declarations in force in the output, innermost last.
    rendered: Vec<Declaration>,
    /// Declarations of the tag that is being written.
    wanted: Vec<Declaration>,
}

impl<'d> Writer<'d, '_> {
    fn subtree(&mut self, apex: Element<'d>, omit: Option<NodeId>) -> Result<(), TooLong> {
        let mut open: Vec<Open<'d>> = Vec::with_capacity(16);
        let mut skipping: Option<NodeId> = None;
        for (id, end, kind) in apex.subtree() {
            while let Some(done) = open.pop_if(|top| top.end == id) {
                self.end_tag(&done);
            }
            if skipping.is_some_and(|until| until != id) {
                continue;
            }
            skipping = None;
            match kind {
                Kind::Element(_) if omit == Some(id) => skipping = Some(end),
                Kind::Element(tag) => {
                    let rendered = self.rendered.len();
                    self.start_tag(tag, (id == apex.id()).then_some(apex));
                    open.push(Open { qname: tag.qname, end, rendered });
                }
                Kind::Text(text) => self.text(text),
            }
            if self.out.len() > LONGEST {
                return Err(TooLong);
            }
        }
        while let Some(done) = open.pop() {
            self.end_tag(&done);
        }
        Ok(())
    }

    fn start_tag(&mut self, tag: &'d Tag<'d>, apex: Option<Element<'d>>) {
        self.out.push(b'<');
        self.out.extend_from_slice(tag.qname.as_bytes());
        self.namespaces(tag, apex);
        for attribute in tag.attributes(self.arena) {
            self.out.push(b' ');
            self.out.extend_from_slice(attribute.qname.as_bytes());
            self.out.extend_from_slice(b"=\"");
            if attribute.plain {
                self.out.extend_from_slice(attribute.value.as_bytes());
            } else {
                escape(&attribute.value, in_attribute, self.out);
            }
            self.out.push(b'"');
        }
        self.out.push(b'>');
    }

    fn end_tag(&mut self, open: &Open<'_>) {
        self.out.extend_from_slice(b"</");
        self.out.extend_from_slice(open.qname.as_bytes());
        self.out.push(b'>');
        self.rendered.truncate(open.rendered);
    }

    fn text(&mut self, text: &Text<'_>) {
        if text.plain {
            self.out.extend_from_slice(text.value.as_bytes());
        } else {
            escape(&text.value, in_text, self.out);
        }
    }

    /// Section 3: what the tag visibly uses, and what the list includes, unless the output has it already.
    fn namespaces(&mut self, tag: &'d Tag<'d>, apex: Option<Element<'d>>) {
        self.wanted.clear();
        self.want(Declaration { prefix: tag.prefix, namespace: tag.namespace });
        for attribute in tag.attributes(self.arena) {
            // An attribute without a prefix uses no declaration, not even the default one.
            if attribute.prefix != Prefix::DEFAULT {
                self.want(Declaration { prefix: attribute.prefix, namespace: attribute.namespace });
            }
        }
        if !self.inclusive.is_empty() {
            self.include(tag, apex);
        }
        if self.wanted.len() > 1 {
            let arena = self.arena;
            // C14N section 2.2: by prefix, the default namespace first.
            self.wanted.sort_unstable_by_key(|declaration| arena.prefix_text(declaration.prefix));
        }
        for declaration in &self.wanted {
            self.out.extend_from_slice(b" xmlns");
            if declaration.prefix != Prefix::DEFAULT {
                self.out.push(b':');
                self.out.extend_from_slice(self.arena.prefix_text(declaration.prefix).as_bytes());
            }
            self.out.extend_from_slice(b"=\"");
            escape(self.arena.namespace_name(declaration.namespace), in_attribute, self.out);
            self.out.push(b'"');
        }
        self.rendered.extend_from_slice(&self.wanted);
    }

    /// A prefix of the list is rendered where it comes into scope: at the apex from all around it, below it where it is
    /// declared (C14N section 2.3, "Namespace Axis").
    fn include(&mut self, tag: &'d Tag<'d>, apex: Option<Element<'d>>) {
        for &prefix in self.inclusive {
            let namespace = if let Some(apex) = apex {
                apex.in_scope(prefix)
            } else {
                let mut declared = tag.declarations(self.arena).iter();
                declared.find(|declaration| declaration.prefix == prefix).map(|declaration| declaration.namespace)
            };
            if let Some(namespace) = namespace {
                self.want(Declaration { prefix, namespace });
            }
        }
    }

    fn want(&mut self, declaration: Declaration) {
        // `xml` is never declared (C14N section 2.3).
        if declaration.prefix == Prefix::XML || self.wanted.contains(&declaration) {
            return;
        }
        let mut around = self.rendered.iter().rev();
        let in_force = around.find(|rendered| rendered.prefix == declaration.prefix).map(|rendered| rendered.namespace);
        // Without a default namespace around it, `xmlns=""` says nothing (C14N section 2.3).
        let known = in_force.unwrap_or(Namespace::NONE);
        if known != declaration.namespace {
            self.wanted.push(declaration);
        }
    }
}

/// C14N section 2.3, "Text Nodes".
const fn in_text(byte: u8) -> Option<&'static [u8]> {
    match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'>' => Some(b"&gt;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    }
}

/// C14N section 2.3, "Attribute Nodes".
const fn in_attribute(byte: u8) -> Option<&'static [u8]> {
    match byte {
        b'&' => Some(b"&amp;"),
        b'<' => Some(b"&lt;"),
        b'"' => Some(b"&quot;"),
        b'\t' => Some(b"&#x9;"),
        b'\n' => Some(b"&#xA;"),
        b'\r' => Some(b"&#xD;"),
        _ => None,
    }
}

fn escape(text: &str, replacement: impl Fn(u8) -> Option<&'static [u8]>, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    while let Some((at, with)) = rest.iter().enumerate().find_map(|(at, byte)| Some((at, replacement(*byte)?))) {
        let (before, special) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        out.extend_from_slice(with);
        rest = special.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod tests;
