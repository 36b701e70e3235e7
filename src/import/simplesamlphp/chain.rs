//! Attributes on their way through the filters of one source.

use std::collections::{HashMap, HashSet};

use super::super::{Losses, MOST};
use super::filters::{Effect, Filter};
use super::php::{Element, Value};
use super::{is_number, is_wire};

/// A map of a file of its own.
pub(super) struct Map {
    pub(super) file: usize,
    pub(super) line: usize,
    pub(super) entries: Vec<Element>,
}

/// An attribute on its way.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    /// What is sent.
    pub(super) wire: String,
    /// What it is called in claims.
    pub(super) local: String,
    /// What it is called where the next filter sees it.
    now: String,
    /// Whether a filter that was not carried has touched it.
    lost: bool,
    /// Whether the name on the wire may be one that a map gave which was not carried.
    pub(super) is_unsure: bool,
    /// Where its name stands.
    pub(super) file: usize,
    pub(super) line: usize,
}

/// What the filters have made so far.
pub(super) struct Chain<'l> {
    pub(super) flows: Vec<Flow>,
    filters: Vec<Filter>,
    /// The one map that filters name and that is in another file.
    given: Option<&'l Map>,
    /// Whether a map was not carried.
    has_lost_map: bool,
    losses: &'l mut Losses,
}

/// An entry of a map, with one of its targets.
struct Pair {
    from: String,
    to: String,
    file: usize,
    line: usize,
}

impl<'l> Chain<'l> {
    pub(super) const fn new(given: Option<&'l Map>, losses: &'l mut Losses) -> Self {
        Self { flows: Vec::new(), filters: Vec::new(), given, has_lost_map: false, losses }
    }

    /// `['class' => 'core:AttributeMap', …]`, or the class alone.
    pub(super) fn filter(&mut self, file: usize, filter: &Element) {
        self.losses.file = file;
        let inside = filter.value.elements();
        let of_class = inside.iter().find(|element| element.key.as_deref() == Some("class"));
        let class = of_class.map_or_else(|| filter.value.text(), |element| element.value.text());
        if class == Some(super::MAP) {
            let entries: Vec<Element> = inside.iter().filter(|e| e.key.as_deref() != Some("class")).cloned().collect();
            return self.map(&entries, filter.line);
        }
        let mut made = Filter::of(class, inside, (file, filter.line));
        for flow in &mut self.flows {
            let passes = made.passes(&[&flow.now, &flow.local, &flow.wire]);
            flow.lost |= !passes;
        }
        self.filters.push(made);
    }

    /// The entries of a map.
    pub(super) fn map(&mut self, entries: &[Element], line: usize) {
        if entries.is_empty() {
            self.losses.add(line, "a map", "it is computed, or empty");
        }
        let mut pairs: Vec<Pair> = Vec::new();
        for entry in entries {
            self.entry(entry, &mut pairs);
        }
        let sends = |pair: &&Pair| is_wire(&pair.to) && !is_wire(&pair.from);
        let is_for_sending = pairs.iter().filter(sends).count() * 2 > pairs.len();
        if is_for_sending {
            let why =
                "it gives short names the names on the wire, so it is one for sending: it is read from right to left";
            self.losses.know(line, "the direction of the map", why);
        }
        let keeps = entries.iter().any(|entry| entry.value.text() == Some("%duplicate"));
        self.rename(&pairs, is_for_sending, keeps);
    }

    fn entry(&mut self, entry: &Element, pairs: &mut Vec<Pair>) {
        let is_name = |key: &&str| !key.is_empty() && !is_number(key);
        let Some(key) = entry.key.as_deref().filter(is_name) else { return self.unkeyed(entry, pairs) };
        let targets: Vec<&str> = match &entry.value {
            Value::Text(text) => vec![text],
            Value::Array(elements) => elements.iter().filter_map(|element| element.value.text()).collect(),
            Value::Other => Vec::new(),
        };
        if targets.is_empty() {
            self.losses.add(entry.line, format!("`{key}`"), "what it becomes is computed");
        }
        let (file, line) = (self.losses.file, entry.line);
        pairs.extend(targets.into_iter().map(|to| Pair { from: key.to_owned(), to: to.to_owned(), file, line }));
    }

    /// What has a name of the map gets its new ones, all at once; what nobody has named yet comes from the wire.
    fn rename(&mut self, pairs: &[Pair], is_for_sending: bool, keeps: bool) {
        let mut targets: HashMap<&str, Vec<&Pair>> = HashMap::new();
        for pair in pairs {
            targets.entry(&pair.from).or_default().push(pair);
        }
        let mut renamed = Renamed::default();
        let mut seen: HashSet<String> = HashSet::new();
        for flow in std::mem::take(&mut self.flows) {
            let Some(targets) = targets.get(flow.now.as_str()) else {
                renamed.push(flow);
                continue;
            };
            seen.insert(flow.now.clone());
            for Pair { to, file, line, .. } in targets {
                let local = if is_for_sending { &flow.local } else { to };
                let (local, now) = (local.clone(), to.clone());
                renamed.push(Flow { local, now, file: *file, line: *line, ..flow.clone() });
            }
            if keeps {
                renamed.push(flow);
            }
        }
        for Pair { from, to, file, line } in pairs.iter().filter(|pair| !seen.contains(&pair.from)) {
            let (wire, local) = if is_for_sending { (to, from) } else { (from, to) };
            let (wire, local, now) = (wire.clone(), local.clone(), to.clone());
            // Filters above this map have seen it under its old name.
            let mut lost = false;
            for filter in &mut self.filters {
                lost |= !filter.passes(&[from]);
            }
            let is_unsure = self.has_lost_map && !is_wire(&wire);
            renamed.push(Flow { wire, local, now, lost, is_unsure, file: *file, line: *line });
        }
        self.flows = renamed.flows;
    }

    /// The name of another map, or an option.
    fn unkeyed(&mut self, entry: &Element, pairs: &mut Vec<Pair>) {
        let text = entry.value.text().filter(|_| entry.key.as_deref() != Some(""));
        match (text, self.given) {
            (Some("%duplicate"), _) => {}
            (Some(option), _) if option.starts_with('%') => {
                self.losses.know(entry.line, format!("option `{option}`"), "options of a map are not carried");
            }
            (Some(_), Some(given)) => {
                // A map that names itself is read once.
                self.given = None;
                let file = std::mem::replace(&mut self.losses.file, given.file);
                for entry in &given.entries {
                    self.entry(entry, pairs);
                }
                self.losses.file = file;
                self.given = Some(given);
            }
            (Some(map), None) => {
                let why = format!(
                    "a map in a file of its own: import `attributemap/{map}.php` together with this file, and no other map"
                );
                self.losses.add(entry.line, format!("map `{map}`"), why);
                self.has_lost_map = true;
            }
            (None, _) => self.losses.add(entry.line, "an entry of a map", "its name is computed"),
        }
    }

    /// Whether a filter sends people away.
    pub(super) fn refuses(&self) -> bool {
        self.filters.iter().any(|filter| matches!(filter.effect, Effect::Refuses))
    }

    /// Says what the filters touched, and hands over what they did not.
    pub(super) fn tell(self) -> (Vec<Flow>, &'l mut Losses) {
        for filter in self.filters {
            filter.tell(self.losses);
        }
        (self.flows.into_iter().filter(|flow| !flow.lost).collect(), self.losses)
    }
}

/// Flows, each once.
#[derive(Default)]
struct Renamed {
    flows: Vec<Flow>,
    known: HashMap<(String, String, String), usize>,
}

impl Renamed {
    fn push(&mut self, flow: Flow) {
        let key = (flow.wire.clone(), flow.local.clone(), flow.now.clone());
        let known = self.known.get(&key).copied();
        if let Some(known) = known.and_then(|place| self.flows.get_mut(place)) {
            known.lost |= flow.lost;
        } else if self.flows.len() <= MOST {
            self.known.insert(key, self.flows.len());
            self.flows.push(flow);
        }
    }
}
