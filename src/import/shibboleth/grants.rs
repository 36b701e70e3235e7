//! What the policies of all filters release together: claims, and who sees them.

use std::rc::Rc;

use super::super::draft::ClaimRule;
use super::super::expression::{self, list};
use super::rule::Values;
use super::{Known, Origin, Reader, names};

/// Service providers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Audiences {
    All,
    These(Vec<String>),
}

impl Audiences {
    /// Those and these.
    pub(super) fn and_also(self, others: Self) -> Self {
        match (self, others) {
            (Self::These(mut some), Self::These(others)) => {
                for other in others {
                    if !some.contains(&other) {
                        some.push(other);
                    }
                }
                Self::These(some)
            }
            (Self::All, _) | (_, Self::All) => Self::All,
        }
    }

    /// Those that are in both.
    pub(super) fn only(self, others: Self) -> Self {
        match (self, others) {
            (Self::All, some) | (some, Self::All) => some,
            (Self::These(some), Self::These(others)) => {
                Self::These(some.into_iter().filter(|one| others.contains(one)).collect())
            }
        }
    }
}

/// What one rule releases.
#[derive(Debug, Clone)]
pub(super) struct Grant {
    pub(super) id: String,
    pub(super) audiences: Rc<Audiences>,
    pub(super) conditions: Vec<String>,
    pub(super) values: Values,
    pub(super) line: usize,
}

/// Service providers and what they get, together: a mapping that says more would not be read.
const MOST_RELEASES: usize = 50_000;

/// What all rules release, and what they take away; `None` is everything.
#[derive(Debug, Default)]
pub(super) struct Grants {
    permitted: Vec<Grant>,
    releases: usize,
    pub(super) denied: Vec<(String, Option<Values>)>,
}

/// Which values somebody gets, each set with its conditions.
type Ways = Vec<(Vec<String>, Values)>;

impl Grants {
    /// Adds what a rule releases; false where there is too much.
    pub(super) fn permit(&mut self, grant: Grant) -> bool {
        self.releases += match &*grant.audiences {
            Audiences::All => 1,
            Audiences::These(some) => some.len(),
        };
        let has_room = self.releases <= MOST_RELEASES;
        if has_room {
            self.permitted.push(grant);
        }
        has_room
    }

    /// Makes the claims, and says who sees them.
    pub(super) fn release(self, reader: &mut Reader) {
        let everybody = self.audiences();
        if everybody.is_empty() && !self.permitted.is_empty() {
            reader
                .draft
                .notes
                .push("The filter releases to everybody: say under `release` which API may see which claim.".into());
        }
        let mut ids: Vec<&str> = Vec::new();
        for grant in &self.permitted {
            if !ids.contains(&grant.id.as_str()) {
                ids.push(&grant.id);
            }
        }
        let mut releases: Vec<(String, Vec<String>)> = everybody.iter().map(|one| (one.clone(), Vec::new())).collect();
        let mut pairs = 0;
        for id in ids {
            let Some(known) = reader.known(id).cloned() else { continue };
            let Some((ways, audiences)) = self.ways(id, &everybody, reader) else {
                // What is denied in a way that is not understood is told where it stands.
                if !self.denied.iter().any(|(denied, values)| denied == id && values.is_none()) {
                    reader.losses.know(self.line(id), format!("attribute `{id}`"), "its policies release it to nobody");
                }
                continue;
            };
            pairs += audiences.len();
            if pairs > MOST_RELEASES {
                reader.losses.add(self.line(id), format!("releases of `{id}`"), "there are too many for one mapping");
                continue;
            }
            let Some(name) = claim(&known, &ways, self.line(id), reader) else { continue };
            for (_, names) in releases.iter_mut().filter(|(audience, _)| audiences.contains(audience)) {
                names.push(name.clone());
            }
        }
        releases.retain(|(_, names)| !names.is_empty());
        if !releases.is_empty() {
            let note = "Under `release` stand the entity IDs of service providers: write the audiences of their APIs.";
            reader.draft.notes.push(note.into());
        }
        reader.draft.release = releases;
    }

    /// Everybody who is named.
    fn audiences(&self) -> Vec<String> {
        let mut named: Vec<String> = Vec::new();
        for grant in &self.permitted {
            if let Audiences::These(some) = &*grant.audiences {
                for one in some {
                    if !named.contains(one) {
                        named.push(one.clone());
                    }
                }
            }
        }
        named
    }

    fn line(&self, id: &str) -> usize {
        self.permitted.iter().find(|grant| grant.id == id).map_or(0, |grant| grant.line)
    }

    /// In which way most get an attribute, and who they are. A mapping makes a claim in one way: the others get none.
    fn ways(&self, id: &str, everybody: &[String], reader: &mut Reader) -> Option<(Ways, Vec<String>)> {
        let mut groups: Vec<(Ways, Vec<String>, usize)> = Vec::new();
        let nobody = [String::new()];
        let audiences = if everybody.is_empty() { nobody.as_slice() } else { everybody };
        let grants: Vec<&Grant> = self.permitted.iter().filter(|grant| grant.id == id).collect();
        for audience in audiences {
            let Some((ways, line)) = self.ways_of(id, &grants, audience) else { continue };
            match groups.iter_mut().find(|(known, ..)| *known == ways) {
                Some((_, others, _)) => others.push(audience.clone()),
                None => groups.push((ways, vec![audience.clone()], line)),
            }
        }
        let most = groups.iter().map(|(_, audiences, _)| audiences.len()).max()?;
        let chosen = groups.iter().position(|(_, audiences, _)| audiences.len() == most)?;
        let (ways, audiences, _) = groups.remove(chosen);
        for (_, others, line) in groups {
            let what =
                format!("`{id}` for {}", others.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", "));
            let why = "other values than for others: they need a mapping of their own, `for` these audiences";
            reader.losses.add(line, what, why);
        }
        Some((ways, audiences))
    }

    /// In which ways one service provider gets an attribute.
    fn ways_of(&self, id: &str, grants: &[&Grant], audience: &str) -> Option<(Ways, usize)> {
        let is_for = |grant: &&&Grant| match &*grant.audiences {
            Audiences::All => true,
            Audiences::These(some) => some.iter().any(|one| one == audience),
        };
        let mut ways: Ways = Vec::new();
        let mut line = 0;
        for grant in grants.iter().filter(is_for) {
            line = if line == 0 { grant.line } else { line };
            let way = (grant.conditions.clone(), grant.values.clone());
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        if ways.iter().any(|(conditions, values)| conditions.is_empty() && *values == Values::Any) {
            ways = vec![(Vec::new(), Values::Any)];
        }
        for (_, denied) in self.denied.iter().filter(|(denied, _)| denied == id) {
            let denied = denied.as_ref()?;
            for (_, values) in &mut ways {
                let kept = Values::Not(Box::new(denied.clone()));
                *values = if *values == Values::Any { kept } else { Values::And(vec![values.clone(), kept]) };
            }
        }
        if ways.is_empty() { None } else { Some((ways, line)) }
    }
}

/// Adds the claim of an attribute of which not everything is released; its name, unless there is none.
fn claim(known: &Known, ways: &Ways, line: usize, reader: &mut Reader) -> Option<String> {
    let name = known.claim_name();
    if names::is_reserved(&name) || reader.draft.has_claim(&name) {
        let why =
            if names::is_reserved(&name) { "it belongs to the issuer" } else { "another attribute makes it already" };
        reader.losses.add(line, format!("claim `{name}` from `{}`", known.id), why);
        return None;
    }
    let rule = match (ways.as_slice(), &known.from) {
        ([(conditions, Values::Any)], _) if conditions.is_empty() => reader.whole(known),
        (_, Origin::Computed(_)) => {
            let why = "some values of something that is computed are not carried; it is released to nobody";
            reader.losses.add(line, format!("values of `{}`", known.id), why);
            return None;
        }
        (ways, Origin::Sent(places)) => narrowed(ways, places, reader),
    };
    reader.draft.claim(&name, rule);
    Some(name)
}

fn narrowed(ways: &[(Vec<String>, Values)], places: &[usize], reader: &Reader) -> ClaimRule {
    let attributes = reader.attributes(places);
    if let ([only], [(conditions, values)]) = (attributes.as_slice(), ways)
        && let (true, Some(exact)) = (conditions.is_empty(), values.exact())
    {
        let mut rows: Vec<(String, String)> = Vec::new();
        for value in exact {
            if rows.iter().all(|(known, _)| *known != value) {
                rows.push((value.clone(), value));
            }
        }
        return ClaimRule::Table(only.short.clone(), rows);
    }
    match attributes.as_slice() {
        [only] if !only.many => {
            let name = expression::name(only);
            let tests: Vec<String> = by_condition(ways)
                .into_iter()
                .map(|(condition, values)| and(&[condition, Some(values.test(&name))]))
                .collect();
            let test = if let [only] = tests.as_slice() { only.clone() } else { format!("({})", tests.join(" || ")) };
            let guard = if only.optional { format!("has({name}) && ") } else { String::new() };
            ClaimRule::Cel(format!("{guard}{test} ? {name} : null"))
        }
        several => {
            let lists: Vec<String> = several.iter().map(|attribute| list(attribute)).collect();
            let lists = if let [only] = lists.as_slice() { only.clone() } else { format!("({})", lists.join(" + ")) };
            // A condition stands outside of the loop: inside, it would be asked for each value.
            let terms = by_condition(ways).into_iter().map(|(condition, values)| {
                let values = if values == Values::Any {
                    lists.clone()
                } else {
                    format!("{lists}.filter(v, {})", values.test("v"))
                };
                match condition {
                    Some(condition) => format!("({condition} ? {values} : [])"),
                    None => values,
                }
            });
            ClaimRule::Cel(terms.collect::<Vec<_>>().join(" + "))
        }
    }
}

/// The values of each condition; those that need none first, and not again under the others.
fn by_condition(ways: &[(Vec<String>, Values)]) -> Vec<(Option<String>, Values)> {
    let mut groups: Vec<(&[String], Vec<Values>)> = Vec::new();
    for (conditions, values) in ways {
        match groups.iter_mut().find(|(known, _)| known == conditions) {
            Some((_, several)) => several.push(values.clone()),
            None => groups.push((conditions, vec![values.clone()])),
        }
    }
    groups.sort_by_key(|(conditions, _)| !conditions.is_empty());
    let one = |several: Vec<Values>| match <[Values; 1]>::try_from(several) {
        Ok([only]) => only,
        Err(several) => Values::Or(several),
    };
    let mut always: Option<Values> = None;
    let mut found = Vec::new();
    for (conditions, several) in groups {
        let values = one(several);
        if conditions.is_empty() {
            always = Some(values.clone());
            found.push((None, values));
        } else {
            let conditions: Vec<Option<String>> = conditions.iter().cloned().map(Some).collect();
            let values = match &always {
                Some(always) => Values::And(vec![values, Values::Not(Box::new(always.clone()))]),
                None => values,
            };
            found.push((Some(and(&conditions)), values));
        }
    }
    found
}

fn and(parts: &[Option<String>]) -> String {
    let parts: Vec<&str> = parts.iter().flatten().map(String::as_str).filter(|part| *part != "true").collect();
    match parts.as_slice() {
        [] => "true".into(),
        [only] => (*only).to_owned(),
        several => format!("({})", several.join(" && ")),
    }
}
