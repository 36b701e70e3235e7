//! `attribute-filter.xml` and `attribute-policy.xml`: what is released to whom.

use std::rc::Rc;

use super::grants::{Audiences, Grant, Grants};
use super::rule::{Lost, Rules, Values, inside, kind, some, values_of};
use super::{Element, Origin, Reader};

pub(super) fn read(root: &Element, grants: Grants, reader: &mut Reader) -> Grants {
    let mut filter = Filter { rules: Rules::of(root), grants, reader };
    for policy in root.all("AttributeFilterPolicy") {
        filter.policy(policy);
    }
    filter.grants
}

/// For whom a policy is, and when.
struct Required {
    audiences: Rc<Audiences>,
    conditions: Vec<String>,
}

/// The same, while it is read.
struct Requirement {
    audiences: Audiences,
    conditions: Vec<String>,
}

struct Filter<'e, 'r> {
    rules: Rules<'e>,
    grants: Grants,
    reader: &'r mut Reader,
}

impl<'e> Filter<'e, '_> {
    fn policy(&mut self, policy: &'e Element) {
        let ids = policy.all("AttributeRule").filter_map(|rule| rule.attribute("attributeID"));
        self.reader.mentioned.extend(ids.map(str::to_owned));
        let name = policy.attribute("id").unwrap_or("without an id").to_owned();
        let rule = policy.children.iter().find(|child| child.local.starts_with("PolicyRequirementRule"));
        let required = match rule {
            Some(rule) => self.requirement(rule, 0),
            None => Err((policy.line, "it does not say for whom it is".into())),
        };
        let required = match required {
            Ok(required) => required,
            Err((line, why)) => {
                self.reader.losses.add(line, format!("policy `{name}`"), format!("{why}; it releases nothing"));
                return;
            }
        };
        let required = Required { audiences: Rc::new(required.audiences), conditions: required.conditions };
        for rule in policy.all("AttributeRule") {
            self.attribute_rule(rule, &required);
        }
    }

    fn requirement(&mut self, rule: &'e Element, depth: usize) -> Result<Requirement, Lost> {
        let rule = self.rules.resolve(rule)?;
        let only = |audiences| Ok(Requirement { audiences, conditions: Vec::new() });
        if depth > 8 {
            return Err((rule.line, "the rules nest too deep".into()));
        }
        match kind(rule) {
            "ANY" => only(Audiences::All),
            "Requester" => match rule.attribute("value") {
                Some(value) => only(Audiences::These(vec![value.to_owned()])),
                None => Err((rule.line, "a Requester without a value".into())),
            },
            "InEntityGroup" => {
                let group = rule.attribute("groupID").unwrap_or_default();
                Err((rule.line, format!("who is in the group `{group}` stands in metadata: name the APIs")))
            }
            "OR" => self.any_of(rule, depth),
            "AND" => self.all_of(rule, depth),
            "NOT" => match inside(rule).as_slice() {
                [inner] => self.not(rule, inner, depth),
                _ => Err((rule.line, "a NOT holds not one rule".into())),
            },
            "Value" | "ValueRegex" => {
                let conditions = vec![self.condition(rule)?];
                Ok(Requirement { audiences: Audiences::All, conditions })
            }
            other => Err((rule.line, format!("requirements of the type `{other}` are not carried"))),
        }
    }

    /// Each by itself; what is not understood is left out, and the policy is for fewer.
    fn any_of(&mut self, rule: &'e Element, depth: usize) -> Result<Requirement, Lost> {
        let mut audiences = Audiences::These(Vec::new());
        for inner in inside(rule) {
            match self.requirement(inner, depth + 1) {
                Ok(inner) if inner.conditions.is_empty() => audiences = audiences.and_also(inner.audiences),
                Ok(_) => {
                    let why = "a condition beside service providers is not carried";
                    self.reader.losses.add(inner.line, "a part of an OR", why);
                }
                Err((line, why)) => self.reader.losses.add(line, "a part of an OR", why),
            }
        }
        match audiences {
            Audiences::These(none) if none.is_empty() => Err((rule.line, "nobody of its OR is known".into())),
            audiences @ (Audiences::All | Audiences::These(_)) => Ok(Requirement { audiences, conditions: Vec::new() }),
        }
    }

    fn all_of(&mut self, rule: &'e Element, depth: usize) -> Result<Requirement, Lost> {
        let mut all = Requirement { audiences: Audiences::All, conditions: Vec::new() };
        for inner in inside(rule) {
            let inner = self.requirement(inner, depth + 1)?;
            all.audiences = all.audiences.only(inner.audiences);
            all.conditions.extend(inner.conditions);
        }
        Ok(all)
    }

    fn not(&mut self, rule: &Element, inner: &'e Element, depth: usize) -> Result<Requirement, Lost> {
        let inner = self.requirement(inner, depth + 1)?;
        match (inner.audiences, inner.conditions.as_slice()) {
            (Audiences::All, [condition]) => {
                Ok(Requirement { audiences: Audiences::All, conditions: vec![format!("!{condition}")] })
            }
            _ => Err((rule.line, "everybody but some is not carried: name the APIs".into())),
        }
    }

    /// A condition on what is known of the person.
    fn condition(&mut self, rule: &Element) -> Result<String, Lost> {
        let wanted = rule.attribute("attributeID").unwrap_or_default();
        let values = values_of(rule)?;
        let known = self.reader.known(wanted).is_some() || self.reader.by_vocabulary(wanted);
        let sent = self.reader.known(wanted).filter(|_| known).map(|known| known.from.clone());
        let lost = || (rule.line, format!("`{wanted}` is not sent, so nothing can depend on it"));
        let Some(Origin::Sent(places)) = sent else { return Err(lost()) };
        let attributes = self.reader.attributes(&places);
        let tests: Vec<String> = attributes.iter().map(|attribute| some(attribute, &values)).collect();
        match tests.as_slice() {
            [] => Err(lost()),
            [only] => Ok(only.clone()),
            several => Ok(format!("({})", several.join(" || "))),
        }
    }

    fn attribute_rule(&mut self, rule: &'e Element, required: &Required) {
        let Some(id) = rule.attribute("attributeID").map(str::to_owned) else { return };
        if self.reader.known(&id).is_none() && !self.reader.by_vocabulary(&id) {
            let why = "its name on the wire is not known: it is declared as it stands, write what the source sends";
            self.reader.losses.add(rule.line, format!("attribute `{id}`"), why);
            self.reader.line = rule.line;
            let place = self.reader.sent(&id, &id, None);
            if let Some(attribute) = self.reader.draft.attributes.get_mut(place) {
                attribute.note = Some("an id of Shibboleth: write the name on the wire".into());
            }
        }
        let mut permitted: Vec<Values> = Vec::new();
        if rule.attribute("permitAny") == Some("true") {
            permitted.push(Values::Any);
        }
        for inner in &rule.children {
            match inner.local.as_str() {
                "PermitValueRule" | "PermitValueRuleReference" => permitted.extend(self.permitted(&id, inner)),
                "DenyValueRule" | "DenyValueRuleReference" => self.denied(&id, inner),
                _ => {}
            }
        }
        for values in permitted {
            let (audiences, conditions) = (Rc::clone(&required.audiences), required.conditions.clone());
            let grant = Grant { id: id.clone(), audiences, conditions, values, line: rule.line };
            if !self.grants.permit(grant) {
                let why = "the filter releases more than one mapping can say; this is released to nobody";
                self.reader.losses.add(rule.line, format!("attribute `{id}`"), why);
            }
        }
    }

    fn permitted(&mut self, id: &str, rule: &'e Element) -> Option<Values> {
        let mut lost = Vec::new();
        let values = self.rules.values(rule, &mut lost, 0);
        for (line, why) in lost {
            self.reader.losses.add(line, format!("some values of `{id}`"), why);
        }
        values
            .inspect_err(|(line, why)| {
                self.reader.losses.add(*line, format!("values of `{id}`"), format!("{why}; it releases nothing"));
            })
            .ok()
    }

    /// What is denied is taken away wherever the attribute is released: never less than the old filter took.
    fn denied(&mut self, id: &str, rule: &'e Element) {
        let mut lost = Vec::new();
        let values = self.rules.values(rule, &mut lost, 0);
        match (values, lost.into_iter().next()) {
            (Ok(values), None) => self.grants.denied.push((id.to_owned(), Some(values))),
            (Err((line, why)), _) | (Ok(_), Some((line, why))) => {
                let why = format!("{why}; `{id}` is released to nobody");
                self.reader.losses.add(line, format!("denied values of `{id}`"), why);
                self.grants.denied.push((id.to_owned(), None));
            }
        }
    }
}
