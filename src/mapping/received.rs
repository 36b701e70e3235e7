//! What was received for a declared attribute, borrowed from the facts.

/// Values in the order received.
pub(super) struct Received<'f>(Form<'f>);

enum Form<'f> {
    /// Sent under one name once, as it should be.
    Once(&'f [String]),
    /// So many times.
    Again(usize, Vec<&'f str>),
}

impl<'f> Received<'f> {
    /// What one attribute holds.
    pub(super) const fn of(values: &'f [String]) -> Self {
        Self(Form::Once(values))
    }

    /// What another one of the same name holds as well.
    pub(super) fn add(&mut self, more: &'f [String]) {
        let mut all: Vec<&'f str> = self.iter().collect();
        all.extend(more.iter().map(String::as_str));
        self.0 = Form::Again(self.sent() + 1, all);
    }

    /// In how many attributes of this name.
    pub(super) const fn sent(&self) -> usize {
        match &self.0 {
            Form::Once(_) => 1,
            Form::Again(times, _) => *times,
        }
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        match &self.0 {
            Form::Once(values) => values.len(),
            Form::Again(_, values) => values.len(),
        }
    }

    /// Whether there is none: the source sent a name and no value.
    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'f str> {
        let (once, again) = match &self.0 {
            Form::Once(values) => (*values, [].as_slice()),
            Form::Again(_, values) => ([].as_slice(), values.as_slice()),
        };
        once.iter().map(String::as_str).chain(again.iter().copied())
    }

    /// The first.
    pub(super) fn first(&self) -> Option<&'f str> {
        self.iter().next()
    }
}
