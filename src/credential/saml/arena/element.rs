//! Ways about the arena.
//!
//! Floor 2.

use std::fmt;

use super::{Arena, Attribute, Declaration, Kind, Namespace, Node, NodeId, Prefix, Tag, is_space};

/// An element in its document.
#[derive(Clone, Copy)]
pub(in super::super) struct Element<'d> {
    arena: &'d Arena<'d>,
    id: NodeId,
    node: &'d Node<'d>,
    tag: &'d Tag<'d>,
}

impl<'d> Element<'d> {
    /// `node` and its `tag` are what stands at `id`.
    pub(super) const fn new(arena: &'d Arena<'d>, id: NodeId, node: &'d Node<'d>, tag: &'d Tag<'d>) -> Self {
        Self { arena, id, node, tag }
    }

    /// Its place.
    pub(in super::super) const fn id(self) -> NodeId {
        self.id
    }

    /// Its document.
    pub(in super::super) const fn arena(self) -> &'d Arena<'d> {
        self.arena
    }

    /// Whether this is its expanded name.
    pub(in super::super) fn is(self, namespace: Namespace, local: &str) -> bool {
        self.tag.namespace == namespace && self.tag.local == local
    }

    /// `{namespace}local`, for people.
    pub(in super::super) fn expanded_name(self) -> String {
        match self.arena.namespace_name(self.tag.namespace) {
            "" => self.tag.local.to_owned(),
            namespace => format!("{{{namespace}}}{}", self.tag.local),
        }
    }

    /// The element around it.
    pub(in super::super) fn parent(self) -> Option<Self> {
        // The root is its own parent in the table.
        if self.node.parent == self.id.0 { None } else { self.arena.element(NodeId(self.node.parent)) }
    }

    /// Child nodes.
    const fn nodes(self) -> Nodes<'d> {
        Nodes { arena: self.arena, next: self.id.0 + 1, end: self.node.end }
    }

    /// Child elements, in order.
    pub(in super::super) const fn children(self) -> Children<'d> {
        Children(self.nodes())
    }

    /// The first child of that name.
    pub(in super::super) fn child(self, namespace: Namespace, local: &str) -> Option<Self> {
        self.children().find(|child| child.is(namespace, local))
    }

    /// Its attributes, in canonical order; without namespace declarations.
    pub(in super::super) fn attributes(self) -> &'d [Attribute<'d>] {
        let (from, to) = self.tag.attributes;
        self.arena.attributes.get(from as usize..to as usize).unwrap_or_default()
    }

    /// The value of an attribute in no namespace.
    pub(in super::super) fn attribute(self, local: &str) -> Option<&'d str> {
        self.attribute_of(Namespace::NONE, local)
    }

    /// The value of an attribute.
    pub(in super::super) fn attribute_of(self, namespace: Namespace, local: &str) -> Option<&'d str> {
        let mut attributes = self.attributes().iter();
        let found = attributes.find(|attribute| attribute.namespace == namespace && attribute.local == local);
        found.map(|attribute| attribute.value.as_ref())
    }

    /// The namespace declarations that stand on it.
    pub(in super::super) fn declarations(self) -> &'d [Declaration] {
        let (from, to) = self.tag.declarations;
        self.arena.declarations.get(from as usize..to as usize).unwrap_or_default()
    }

    /// What a prefix is bound to here; `None` where it is not in scope.
    pub(in super::super) fn in_scope(self, prefix: Prefix) -> Option<Namespace> {
        let mut around = Some(self);
        while let Some(element) = around {
            if let Some(found) = element.declarations().iter().find(|declaration| declaration.prefix == prefix) {
                return Some(found.namespace);
            }
            around = element.parent();
        }
        None
    }

    /// Its text, empty where there is none; `None` where it has child elements.
    pub(in super::super) fn text(self) -> Option<&'d str> {
        let mut nodes = self.nodes();
        match (nodes.next().map(|(_, node)| &node.kind), nodes.next()) {
            (None, _) => Some(""),
            (Some(Kind::Text(text)), None) => Some(text.value.as_ref()),
            (Some(Kind::Text(_)), Some(_)) | (Some(Kind::Element(_)), _) => None,
        }
    }

    /// Whether it holds nothing but elements and white space.
    pub(in super::super) fn is_element_only(self) -> bool {
        self.nodes().all(|(_, node)| match &node.kind {
            Kind::Text(text) => text.value.bytes().all(is_space),
            Kind::Element(_) => true,
        })
    }

    /// It and what is below it, in document order, each with its place and the place after its last descendant.
    pub(in super::super) fn subtree(self) -> impl Iterator<Item = (NodeId, NodeId, &'d Kind<'d>)> {
        let nodes = self.arena.nodes.get(self.id.0 as usize..self.node.end as usize).unwrap_or_default();
        (self.id.0..).zip(nodes).map(|(id, node)| (NodeId(id), NodeId(node.end), &node.kind))
    }
}

/// The child nodes of an element.
struct Nodes<'d> {
    arena: &'d Arena<'d>,
    next: u32,
    end: u32,
}

impl<'d> Iterator for Nodes<'d> {
    type Item = (NodeId, &'d Node<'d>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.next >= self.end {
            return None;
        }
        let id = NodeId(self.next);
        let node = self.arena.nodes.get(self.next as usize)?;
        self.next = node.end;
        Some((id, node))
    }
}

/// The child elements of an element.
pub(in super::super) struct Children<'d>(Nodes<'d>);

impl<'d> Iterator for Children<'d> {
    type Item = Element<'d>;

    fn next(&mut self) -> Option<Element<'d>> {
        self.0.find_map(|(id, node)| match &node.kind {
            Kind::Element(tag) => Some(Element { arena: self.0.arena, id, node, tag }),
            Kind::Text(_) => None,
        })
    }
}

/// Shows the name, never the content.
impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Element({})", self.expanded_name())
    }
}
