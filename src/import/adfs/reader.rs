//! Rules to a draft, one after the other: a rule sees what those above have added.

use super::authorization::Authorization;
use super::grammar::{Asks, Body, Condition, Expr, Rule};
use super::lost::Lost;
use super::made::{self, NAME_ID};
use super::outputs::{Outputs, Piece, Target};
use super::values::{Selection, per_value, unasked, variables};
use super::{Draft, Imported, Losses, RuleSet, SubjectRule, expression, names, not_by_email};

const FORMAT: &str = "properties[http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/format]";

pub(super) struct Reader {
    pub(super) draft: Draft,
    pub(super) losses: Losses,
    pub(super) outputs: Outputs,
    pub(super) authorization: Authorization,
    lost: Lost,
    has_subject: bool,
    subject_line: usize,
}

/// Claims of a type, as lists: what is sent, and what rules above have made.
pub(super) struct Source {
    pub(super) attribute: Option<usize>,
    pub(super) outputs: Vec<usize>,
    pub(super) list: String,
}

/// A condition that is understood.
struct Asked<'r> {
    condition: &'r Condition,
    selection: Selection,
    source: Source,
}

type Carried<T = ()> = Result<T, String>;

impl Reader {
    pub(super) fn new() -> Self {
        Self {
            draft: Draft::new("adfs", "adfs", "Imported from claim rules of AD FS."),
            losses: Losses::default(),
            outputs: Outputs::default(),
            authorization: Authorization::default(),
            lost: Lost::default(),
            has_subject: false,
            subject_line: 0,
        }
    }

    /// Every rule of a file, in order.
    pub(super) fn rules(&mut self, set: &RuleSet) {
        let is_of_authorization = set.admits() || !set.issues();
        if is_of_authorization {
            self.authorization.expect();
        }
        // Another set does not see what this one makes.
        self.lost = Lost::default();
        for rule in &set.0 {
            match rule {
                Ok(rule) => self.rule(rule, is_of_authorization),
                Err(unread) => {
                    self.lost.unread(unread.line);
                    let more = if is_of_authorization { self.authorization.add_unread() } else { "" };
                    let why = format!("it cannot be read: {}{more}", unread.why);
                    self.losses.add(unread.line, called(unread.name.as_deref()), why);
                }
            }
        }
    }

    fn rule(&mut self, rule: &Rule, is_of_authorization: bool) {
        let before = self.draft.attributes.len();
        let is_store = made::is_store(rule);
        match self.carry(rule) {
            Ok(()) if is_store => {}
            Ok(()) => {
                for why in unasked(rule) {
                    self.losses.add(rule.line, called(rule.name.as_deref()), why);
                }
                if made::is_unreadable(rule) {
                    self.lost.rule(rule);
                }
            }
            Err(why) => {
                // What only this rule would have read need not be declared.
                if !is_store {
                    self.draft.attributes.truncate(before);
                }
                self.lost.rule(rule);
                let may_deny = is_of_authorization && Authorization::may_deny(rule);
                let more = if may_deny { self.authorization.add_unread() } else { "" };
                self.losses.add(rule.line, called(rule.name.as_deref()), format!("{why}{more}"));
            }
        }
    }

    pub(super) fn finish(mut self) -> Imported {
        if !self.has_subject {
            let shorts: Vec<&str> = self.draft.attributes.iter().map(|attribute| attribute.short.as_str()).collect();
            if let Some(best) = names::identifying(&shorts).map(str::to_owned) {
                self.draft.subject_from(&best);
                self.draft.subject.note = Some("a proposal: the best identifier among these attributes".into());
            }
        }
        not_by_email(&mut self.draft, self.subject_line, &mut self.losses);
        self.authorization.write(&mut self.draft);
        self.outputs.write(&mut self.draft);
        Imported { drafts: vec![self.draft], losses: self.losses.all() }
    }

    fn carry(&mut self, rule: &Rule) -> Carried {
        if let Some(effect) = Authorization::effect(rule) {
            if !rule.issues {
                return self.authorization.add_idle();
            }
            let condition = if made::is_store(rule) {
                Err("the bridge asks no store".into())
            } else if made::is_passed_on(rule) {
                Err("it passes on what other rules only add".into())
            } else {
                self.conditions(rule).map(|asked| whole_condition(&asked))
            };
            return self.authorization.add(effect, condition);
        }
        match &rule.body {
            Body::Make(pairs) if made::is_store(rule) => self.store(rule, pairs),
            Body::Copy(variable) => {
                let asked = self.conditions(rule)?;
                let main = find(&asked, variable)?;
                let kind = asked.get(main).map(|asked| asked.selection.kind.clone()).unwrap_or_default();
                self.make(rule, &asked, &kind, &Expr::Property(variable.clone(), "value".into()))
            }
            Body::Make(pairs) => {
                let get = |wanted: &str| pairs.iter().find(|(key, _)| key == wanted).map(|(_, value)| value);
                let value = get("value").ok_or("it issues no value")?;
                let asked = self.conditions(rule)?;
                let [Some(kind)] = *made::kinds(rule) else { return Err("the type that it issues is computed".into()) };
                if kind == NAME_ID {
                    let format = get(FORMAT).cloned();
                    let made = self.name_id(&asked, value, format.as_ref());
                    self.subject_line = rule.line;
                    return made;
                }
                self.make(rule, &asked, kind, value)
            }
        }
    }

    /// The conditions of a rule with what they read, or why one of them is not understood.
    fn conditions<'r>(&mut self, rule: &'r Rule) -> Carried<Vec<Asked<'r>>> {
        self.lost.check(rule)?;
        let kinds: Vec<Selection> = rule.conditions.iter().map(Selection::of).collect::<Result<_, _>>()?;
        let made = made::kinds(rule);
        let asked = rule.conditions.iter().zip(kinds).map(|(condition, selection)| {
            let is_own = made.contains(&Some(selection.kind.as_str()));
            if is_own && condition.asks.may_ask_for_absence() && !self.outputs.of_kind(&selection.kind).is_empty() {
                return Err(format!(
                    "it asks how much rules above have made of `{}`, to which it adds",
                    selection.kind
                ));
            }
            let source = self.source(&selection.kind, is_own);
            Ok(Asked { condition, selection, source })
        });
        asked.collect()
    }

    /// Where claims of a type come from. A rule that issues the type that it reads reads what is sent.
    fn source(&mut self, kind: &str, is_own: bool) -> Source {
        let made = if is_own { Vec::new() } else { self.outputs.of_kind(kind) };
        let declared = self.draft.attributes.iter().position(|attribute| attribute.name == kind);
        let attribute = match (declared, made.is_empty()) {
            (Some(place), _) => Some(place),
            (None, false) => None,
            (None, true) => {
                let known = names::of_wire(kind, &["adfs", "entra"]);
                let wish = known.map(|known| known.friendly.as_str());
                Some(self.draft.declare(kind, wish, known.is_none_or(|known| known.many)))
            }
        };
        let mut lists: Vec<String> = Vec::new();
        lists.extend(attribute.and_then(|place| self.draft.attributes.get(place)).map(expression::list));
        for place in &made {
            self.outputs.close(*place);
            lists.extend(self.outputs.get(*place).map(|output| output.as_list(&self.draft)));
        }
        let list = if let [only] = lists.as_slice() { only.clone() } else { format!("({})", lists.join(" + ")) };
        Source { attribute, outputs: made, list }
    }

    /// A rule that makes claims of a type.
    fn make(&mut self, rule: &Rule, asked: &[Asked<'_>], kind: &str, value: &Expr) -> Carried {
        if names::is_reserved(kind) {
            return Err(format!("the claim `{kind}` belongs to the issuer"));
        }
        names::check_key(names::last_segment(kind))?;
        let used = variables(value);
        let pieces = match used.as_slice() {
            [] => constant(asked, value)?,
            [variable] => vec![self.each(asked, find(asked, variable)?, value)?],
            several => vec![self.together(asked, several, value)?],
        };
        let reads: Vec<usize> = asked.iter().flat_map(|asked| asked.source.outputs.clone()).collect();
        let own =
            matches!(asked, [Asked { selection, .. }] if selection.kind == kind) && matches!(value, Expr::Property(..));
        self.outputs.add(&Target { kind, issued: rule.issues, own }, pieces, &reads).map_err(str::to_owned)
    }

    /// The attribute that a condition selects, where it has one value and all of it is selected.
    fn single(&self, asked: &Asked<'_>) -> Option<&super::Attribute> {
        let place = asked.source.attribute.filter(|_| asked.source.outputs.is_empty())?;
        self.draft.attributes.get(place).filter(|attribute| !attribute.many)
    }

    /// A value for each claim of one condition, where the others hold.
    fn each(&self, asked: &[Asked<'_>], main: usize, value: &Expr) -> Carried<Piece> {
        let others: Vec<String> =
            asked.iter().enumerate().filter(|(place, _)| *place != main).map(|(_, asked)| asked.holds()).collect();
        let Some(of) = asked.get(main) else { return Err("it reads nothing".into()) };
        let names = |name: &str| vec![(of.condition.variable.clone().unwrap_or_default(), name.to_owned())];
        let made = per_value(value, &names("v"))?;
        if let (true, true, None, Some(place), true) =
            (others.is_empty(), made == "v", of.selection.test("v"), of.source.attribute, of.source.outputs.is_empty())
        {
            return Ok(Piece::Whole(place));
        }
        if let Some(attribute) = self.single(of) {
            let name = expression::name(attribute);
            let mut conditions = vec![expression::is_there(attribute)];
            conditions.extend(of.selection.test(&name));
            conditions.extend(others);
            return Ok(Piece::Single(and(&conditions), per_value(value, &names(&name))?));
        }
        let list = of.selection.filtered(&of.source.list);
        let list = if made == "v" { list } else { format!("{list}.map(v, {made})") };
        Ok(Piece::List(if others.is_empty() { list } else { format!("({} ? {list} : [])", others.join(" && ")) }))
    }

    /// One value of several conditions, where each selects an attribute with one value.
    fn together(&self, asked: &[Asked<'_>], used: &[String], value: &Expr) -> Carried<Piece> {
        let mut conditions = Vec::new();
        let mut names: Vec<(String, String)> = Vec::new();
        for of in asked {
            match (self.single(of), &of.condition.variable) {
                (Some(attribute), Some(variable)) if used.contains(variable) => {
                    let name = expression::name(attribute);
                    conditions.push(expression::is_there(attribute));
                    conditions.extend(of.selection.test(&name));
                    names.push((variable.clone(), name));
                }
                (None, Some(variable)) if used.contains(variable) => {
                    return Err("it puts claims of several conditions together that may have several values".into());
                }
                _ => conditions.push(of.holds()),
            }
        }
        Ok(Piece::Single(and(&conditions), per_value(value, &names)?))
    }

    /// The `NameID` is the subject: one attribute, which must then be there.
    fn name_id(&mut self, asked: &[Asked<'_>], value: &Expr, format: Option<&Expr>) -> Carried {
        if matches!(format, Some(Expr::Text(format)) if format.ends_with(":transient")) {
            return Err("a transient NameID is nobody's subject".into());
        }
        if self.has_subject {
            return Err("another rule makes the subject already".into());
        }
        let [Asked { condition, selection, source }] = asked else {
            return Err("a subject that depends on conditions is not carried".into());
        };
        let (Some(place), true, Asks::Each) = (source.attribute, source.outputs.is_empty(), &condition.asks) else {
            return Err("a subject is made from an attribute".into());
        };
        let variable = condition.variable.clone().unwrap_or_default();
        if selection.test("v").is_some() {
            return Err("a subject of only some values is not carried".into());
        }
        let short = self.draft.attributes.get(place).map(|attribute| attribute.short.clone()).unwrap_or_default();
        let cel = per_value(value, &[(variable, format!("attr.{short}"))])?;
        self.draft.subject_from(&short);
        if cel != format!("attr.{short}") {
            self.draft.subject.rule = SubjectRule::Cel(cel);
        }
        self.draft.subject.note = Some("the old NameID was made of this".into());
        self.has_subject = true;
        Ok(())
    }

    /// A store of AD FS goes on filling these claims, and AD FS has to send them.
    fn store(&mut self, rule: &Rule, pairs: &[(String, Expr)]) -> Carried {
        let get = |wanted: &str| pairs.iter().find(|(key, _)| key == wanted).map(|(_, value)| value);
        let (Some(Expr::Text(store)), Some(Expr::List(types))) = (get("store"), get("types")) else {
            return Err("a query of a store is not carried".into());
        };
        let types: Vec<&String> =
            types.iter().filter_map(|kind| if let Expr::Text(kind) = kind { Some(kind) } else { None }).collect();
        if made::kinds(rule).contains(&None) {
            return Err("a type that it asks a store for is computed".into());
        }
        // Stores that compute a value of each login's own.
        if store.starts_with('_') {
            return Err(format!("the store `{store}` of AD FS makes values that nothing else can make"));
        }
        for kind in types {
            if kind == NAME_ID {
                self.lost.kind(kind, rule.line);
                continue;
            }
            let known = names::of_wire(kind, &["adfs", "entra"]);
            let wish = known.map(|known| known.friendly.as_str());
            let place = self.draft.declare(kind, wish, known.is_none_or(|known| known.many));
            if rule.issues && !names::is_reserved(kind) {
                let to = Target { kind, issued: true, own: true };
                self.outputs.add(&to, vec![Piece::Whole(place)], &[]).map_err(str::to_owned)?;
            }
        }
        let why = format!(
            "the bridge asks no store: let AD FS go on asking `{store}`, and send the claims, which are declared"
        );
        self.losses.add(rule.line, called(rule.name.as_deref()), why);
        Ok(())
    }
}

/// A rule by its name, where it has one.
fn called(name: Option<&str>) -> String {
    name.map_or_else(|| "a rule".to_owned(), |name| format!("rule `{name}`"))
}

/// The place of the condition that a variable stands for.
fn find(asked: &[Asked<'_>], variable: &str) -> Carried<usize> {
    let place = asked.iter().position(|asked| asked.condition.variable.as_deref() == Some(variable));
    place.ok_or_else(|| format!("no condition is called `{variable}`"))
}

/// All conditions together; `None` where there is none.
fn whole_condition(asked: &[Asked<'_>]) -> Option<String> {
    let all: Vec<String> = asked.iter().map(Asked::holds).collect();
    match all.as_slice() {
        [] => None,
        [only] => Some(only.clone()),
        several => Some(several.join(" && ")),
    }
}

impl Asked<'_> {
    fn holds(&self) -> String {
        self.selection.holds(&self.condition.asks, &self.source.list)
    }
}

/// One value, where the conditions hold: rows of a table where they ask for values of one attribute.
fn constant(asked: &[Asked<'_>], value: &Expr) -> Carried<Vec<Piece>> {
    let Expr::Text(text) = value else { return Err("its value is computed from nothing".into()) };
    if let [Asked { condition, selection, source }] = asked
        && let (Asks::Each | Asks::Exists, Some(values), Some(place), true) =
            (&condition.asks, selection.exact(), source.attribute, source.outputs.is_empty())
    {
        return Ok(values.into_iter().map(|value| Piece::Row(place, value, text.clone())).collect());
    }
    Ok(vec![Piece::Single(whole_condition(asked), expression::literal(text))])
}

/// All of them; `None` where there is nothing to ask.
fn and(conditions: &[String]) -> Option<String> {
    let conditions: Vec<&str> =
        conditions.iter().map(String::as_str).filter(|condition| *condition != "true").collect();
    if conditions.is_empty() { None } else { Some(conditions.join(" && ")) }
}
