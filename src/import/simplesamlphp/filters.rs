//! The filters of `authproc`, one after the other: what each does to the attributes on their way.
//!
//! **Invariant.** What a filter narrows or changes is not carried, and neither is what comes of it later under another
//! name. A filter of which it cannot be known what it touches touches everything.

use std::collections::{HashMap, HashSet};

use super::super::Losses;
use super::is_number;
use super::php::{Element, Value};

/// A filter that was not carried.
pub(super) struct Filter {
    class: String,
    file: usize,
    line: usize,
    pub(super) effect: Effect,
    /// What it has touched: a name, and why its claim is not carried; none where the filter let it through to nobody.
    touched: Vec<(String, Option<String>)>,
    known: HashSet<String>,
}

/// What a filter does.
pub(super) enum Effect {
    /// It says who may come in.
    Refuses,
    /// It does nothing to attributes.
    Nothing(&'static str),
    /// It changes these.
    Changes(HashMap<String, String>),
    /// It lets nothing through but these; some of them with some values only.
    Limits(HashSet<String>, HashMap<String, String>),
    /// It may do anything.
    Unknown(&'static str),
}

/// Filters that leave the attributes of the source as they are.
const IDLE: [(&str, &str); 12] = [
    ("core:LanguageAdaptor", "pages of SimpleSAMLphp, in the language of a person"),
    ("core:StatisticsWithAttribute", "statistics of SimpleSAMLphp"),
    ("core:WarnShortSSOInterval", "a warning of SimpleSAMLphp"),
    ("core:ExtendIdPSession", "sessions of SimpleSAMLphp"),
    ("consent:Consent", "a page of SimpleSAMLphp that asks the person"),
    ("preprodwarning:Warning", "a page of SimpleSAMLphp"),
    ("saml:AuthnContextClassRef", "how SimpleSAMLphp names a login to others"),
    ("saml:AttributeNameID", "the NameID that SimpleSAMLphp gives to others"),
    ("saml:TransientNameID", "the NameID that SimpleSAMLphp gives to others"),
    ("saml:PersistentNameID", "the NameID that SimpleSAMLphp gives to others"),
    ("saml:SQLPersistentNameID", "the NameID that SimpleSAMLphp gives to others"),
    ("saml:NameIDAttribute", "an attribute that SimpleSAMLphp makes of the NameID"),
];

/// Filters that send people away.
const REFUSING: [&str; 3] = ["authorize:Authorize", "core:Cardinality", "expirycheck:ExpiryDate"];

impl Filter {
    pub(super) fn of(class: Option<&str>, inside: &[Element], (file, line): (usize, usize)) -> Self {
        let effect = match class {
            None => Effect::Unknown("its class is computed"),
            Some("core:AttributeLimit") => limit(inside),
            Some("core:AttributeAlter") => changes(inside, &["target", "subject"], "a pattern changed its values"),
            Some("core:AttributeValueMap") => {
                let both = both(inside, "sourceattribute", "targetattribute");
                both.map_or(COMPUTED, |both| touch(both, "a table changed its values"))
            }
            Some("core:ScopeAttribute" | "core:ScopeFromAttribute") => {
                changes(inside, &["targetAttribute"], "it was made of other attributes")
            }
            Some("core:AttributeAdd") => keyed(inside, "values were added to it"),
            Some("core:AttributeCopy") => copies(inside),
            Some("core:PHP") => Effect::Unknown("it is code"),
            Some(class) if REFUSING.contains(&class) => Effect::Refuses,
            Some(class) => match IDLE.iter().find(|(idle, _)| *idle == class) {
                Some((_, what)) => Effect::Nothing(what),
                None => Effect::Unknown("filters of this kind are not known"),
            },
        };
        let class = class.unwrap_or("without a class").to_owned();
        Self { class, file, line, effect, touched: Vec::new(), known: HashSet::new() }
    }

    /// Whether an attribute goes on as it is that is now called the first of these names, and was called the others.
    /// Remembers those that do not.
    pub(super) fn passes(&mut self, names: &[&str]) -> bool {
        let now = names.first().copied().unwrap_or_default();
        let one_of = |changed: &HashMap<String, String>| names.iter().find_map(|name| changed.get(*name)).cloned();
        let why = match &self.effect {
            Effect::Refuses | Effect::Nothing(_) => return true,
            Effect::Changes(changed) => match one_of(changed) {
                None => return true,
                changed => changed,
            },
            Effect::Limits(whole, some) => match one_of(some) {
                None if whole.contains(now) => return true,
                narrowed => narrowed,
            },
            Effect::Unknown(why) => Some((*why).to_owned()),
        };
        if self.known.insert(now.to_owned()) {
            self.touched.push((now.to_owned(), why));
        }
        false
    }

    /// Says what became of all that it touched.
    pub(super) fn tell(self, losses: &mut Losses) {
        losses.file = self.file;
        let what = format!("filter `{}`", self.class);
        let listed = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let names: Vec<&str> = self.touched.iter().map(|(name, _)| name.as_str()).collect();
        match self.effect {
            Effect::Refuses => {
                let why = "whom it sends away is not carried: everybody is refused until `filter_not_carried` under \
                           `require` is replaced";
                losses.add(self.line, what, why);
            }
            Effect::Nothing(why) => losses.know(self.line, what, why),
            Effect::Unknown(why) if names.is_empty() => {
                losses.add(self.line, what, format!("{why}, and may do anything; no claim was made before it"));
            }
            Effect::Unknown(why) => {
                let why = format!(
                    "{why}, and may change every attribute or send people away: no claim is made of {}",
                    listed(&names)
                );
                losses.add(self.line, what, why);
            }
            Effect::Changes(_) | Effect::Limits(..) if names.is_empty() => {
                losses.know(self.line, what, "it touches nothing of which a claim is made");
            }
            Effect::Changes(_) | Effect::Limits(..) => {
                let stopped: Vec<&str> =
                    self.touched.iter().filter(|(_, why)| why.is_none()).map(|(name, _)| name.as_str()).collect();
                if !stopped.is_empty() {
                    let why = format!("it let nothing through of {}: no claim is made of it", listed(&stopped));
                    losses.know(self.line, &what, why);
                }
                for (name, why) in self.touched.iter().filter_map(|(name, why)| Some((name, why.as_ref()?))) {
                    let why = format!("the claim is not carried: {why}");
                    losses.add(self.line, format!("{what} on `{name}`"), why);
                }
            }
        }
    }
}

const COMPUTED: Effect = Effect::Unknown("its attributes are computed");

fn get<'e>(inside: &'e [Element], key: &str) -> Option<&'e Value> {
    inside.iter().find(|element| element.key.as_deref() == Some(key)).map(|element| &element.value)
}

/// Elements but the class; options have no key.
fn entries(inside: &[Element]) -> impl Iterator<Item = &Element> {
    inside.iter().filter(|element| element.key.as_deref() != Some("class"))
}

fn touch(names: Vec<String>, why: &str) -> Effect {
    Effect::Changes(names.into_iter().map(|name| (name, why.to_owned())).collect())
}

/// The first of these keys names what is changed.
fn changes(inside: &[Element], keys: &[&str], why: &str) -> Effect {
    let found = keys.iter().find_map(|key| get(inside, key));
    found.and_then(Value::text).map_or(COMPUTED, |name| touch(vec![name.to_owned()], why))
}

fn both(inside: &[Element], one: &str, other: &str) -> Option<Vec<String>> {
    let of = |key| get(inside, key).and_then(Value::text).map(str::to_owned);
    Some(vec![of(one)?, of(other)?])
}

/// The keys are the names.
fn keyed(inside: &[Element], why: &str) -> Effect {
    let mut names = Vec::new();
    for element in entries(inside) {
        match (element.key.as_deref(), element.value.text()) {
            (None, Some(option)) if option.starts_with('%') => {}
            (Some(key), _) if !key.is_empty() && !is_number(key) => names.push(key.to_owned()),
            _ => return COMPUTED,
        }
    }
    touch(names, why)
}

/// `'from' => 'to'`, or a list of those to which it goes.
fn copies(inside: &[Element]) -> Effect {
    let mut names = Vec::new();
    for element in entries(inside) {
        let to: Option<Vec<&str>> = match &element.value {
            Value::Text(to) => Some(vec![to]),
            Value::Array(several) => several.iter().map(|element| element.value.text()).collect(),
            Value::Other => None,
        };
        match to {
            Some(to) if element.key.as_deref().is_some_and(|key| !key.is_empty()) => {
                names.extend(to.into_iter().map(str::to_owned));
            }
            _ => return COMPUTED,
        }
    }
    touch(names, "it was a copy of another attribute")
}

/// `'name'` lets it through, `'name' => ['value']` some values of it.
fn limit(inside: &[Element]) -> Effect {
    let (mut whole, mut some) = (HashSet::new(), HashMap::new());
    for element in entries(inside) {
        let key = element.key.as_deref().filter(|key| !is_number(key));
        match (key, &element.value) {
            (None, Value::Text(name)) => drop(whole.insert(name.clone())),
            (Some(name), Value::Array(values)) if !name.is_empty() => {
                some.insert(name.to_owned(), passing(values));
            }
            // `default`, and what is computed: the metadata of each application says more.
            _ => return Effect::Unknown("what it lets through is said elsewhere"),
        }
    }
    if whole.is_empty() && some.is_empty() {
        return Effect::Unknown("what it lets through stands in the metadata of each application");
    }
    Effect::Limits(whole, some)
}

/// Which values pass, in words.
fn passing(values: &[Element]) -> String {
    let texts: Option<Vec<String>> = values
        .iter()
        .map(|value| value.value.text().filter(|_| value.key.as_deref().is_none_or(is_number)))
        .map(|text| text.map(|text| format!("`{text}`")))
        .collect();
    match texts.as_deref() {
        Some([only]) => format!("only {only} was let through"),
        Some(several) if (2..=5).contains(&several.len()) => format!("only {} were let through", several.join(", ")),
        Some(_) | None => "only some values were let through".into(),
    }
}
