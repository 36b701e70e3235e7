//! What an expression can yield, and how much of it at most.

/// The type of a value with bounds of its size. `total` and `bytes` count text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mapping) enum Kind {
    /// Nothing: a claim with this value is left out.
    Null,
    /// True or false.
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// Text of at most so many bytes.
    Text { bytes: u64 },
    /// At most `count` elements with at most `total` bytes of text together.
    List { count: u64, total: u64, item: Box<Kind> },
    /// At most `count` fields with at most `total` bytes of text together; keys are text.
    Object { count: u64, total: u64, item: Box<Kind> },
    /// Only known when it is evaluated: whatever it is, it has at most so much of it.
    Any { count: u64, bytes: u64 },
}

impl Kind {
    /// A list of texts of at most `bytes` each.
    pub(in crate::mapping) fn texts(count: u64, bytes: u64) -> Self {
        Self::list(count, Self::Text { bytes })
    }

    /// A list of `count` elements of the greatest size.
    pub(in crate::mapping) fn list(count: u64, item: Self) -> Self {
        Self::List { count, total: count.saturating_mul(item.bytes()), item: Box::new(item) }
    }

    /// Bytes of text in it, at most.
    pub(in crate::mapping) const fn bytes(&self) -> u64 {
        match self {
            Self::Null | Self::Bool | Self::Int => 0,
            Self::Text { bytes } | Self::Any { bytes, .. } => *bytes,
            Self::List { total, .. } | Self::Object { total, .. } => *total,
        }
    }

    /// How often a loop over it runs, at most.
    pub(super) const fn count(&self) -> u64 {
        match self {
            Self::Null | Self::Bool | Self::Int | Self::Text { .. } => 0,
            Self::List { count, .. } | Self::Object { count, .. } | Self::Any { count, .. } => *count,
        }
    }

    /// One element of a list, or one field's value.
    pub(super) fn item(&self) -> Self {
        match self {
            Self::List { item, .. } | Self::Object { item, .. } => (**item).clone(),
            Self::Null | Self::Bool | Self::Int | Self::Text { .. } | Self::Any { .. } => self.any(),
        }
    }

    /// Something that has at most as much as this.
    pub(super) fn any(&self) -> Self {
        Self::Any { count: self.widest(), bytes: self.bytes() }
    }

    /// Elements in it, at any depth: what a copy makes anew.
    pub(super) fn elements(&self) -> u64 {
        match self {
            Self::Null | Self::Bool | Self::Int | Self::Text { .. } => 0,
            Self::List { count, item, .. } | Self::Object { count, item, .. } => {
                count.saturating_mul(item.elements().saturating_add(1))
            }
            Self::Any { count, .. } => *count,
        }
    }

    /// The longest list in it, at any depth.
    pub(super) fn widest(&self) -> u64 {
        match self {
            Self::Null | Self::Bool | Self::Int | Self::Text { .. } => 0,
            Self::List { count, item, .. } | Self::Object { count, item, .. } => (*count).max(item.widest()),
            Self::Any { count, .. } => *count,
        }
    }

    /// Either of the two.
    pub(in crate::mapping) fn or(&self, other: &Self) -> Self {
        let (count, total) = (self.count().max(other.count()), self.bytes().max(other.bytes()));
        match (self, other) {
            (Self::Null, Self::Null) => Self::Null,
            (Self::Bool, Self::Bool) => Self::Bool,
            (Self::Int, Self::Int) => Self::Int,
            (Self::Text { .. }, Self::Text { .. }) => Self::Text { bytes: total },
            (Self::List { item: a, .. }, Self::List { item: b, .. }) => {
                Self::List { count, total, item: Box::new(Self::either_item(self, other, a, b)) }
            }
            (Self::Object { item: a, .. }, Self::Object { item: b, .. }) => {
                Self::Object { count, total, item: Box::new(Self::either_item(self, other, a, b)) }
            }
            _ => Self::Any { count: self.widest().max(other.widest()), bytes: total },
        }
    }

    /// An empty list says nothing of its elements.
    pub(super) fn either_item(list: &Self, other: &Self, a: &Self, b: &Self) -> Self {
        match (list.count(), other.count()) {
            (0, _) => b.clone(),
            (_, 0) => a.clone(),
            _ => a.or(b),
        }
    }

    /// Whether a value of this kind may be of that one: bounds do not count.
    pub(in crate::mapping) const fn may_be(&self, other: &Self) -> bool {
        matches!(
            (self, other),
            (Self::Any { .. }, _)
                | (_, Self::Any { .. })
                | (Self::Null, Self::Null)
                | (Self::Bool, Self::Bool)
                | (Self::Int, Self::Int)
                | (Self::Text { .. }, Self::Text { .. })
                | (Self::List { .. }, Self::List { .. })
                | (Self::Object { .. }, Self::Object { .. })
        )
    }

    /// The word in messages.
    pub(in crate::mapping) const fn word(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Int => "a whole number",
            Self::Text { .. } => "text",
            Self::List { .. } => "a list",
            Self::Object { .. } => "an object",
            Self::Any { .. } => "anything",
        }
    }
}
