//! Who a person is: the `sub` that is derived, the key of the link that may say otherwise, and what a sector sees of it.

use std::borrow::Cow;

use crate::crypto::link::{self, Identifier, IdentifierError};
use crate::crypto::seal::MasterKeys;
use crate::crypto::subject::SubjectKey;
use crate::ground::entropy::Entropy;
use crate::ground::id::{Namespace, Sub, TraceId};
use crate::ground::time::Timestamp;
use crate::mapping::Subject;
use crate::policy::SubjectType;
use crate::store::{Link, LinkKey, NewLink};

/// The one place where a person becomes a `sub`.
#[derive(Debug)]
pub struct Subjects {
    key: SubjectKey,
}

/// Why nobody can say whom a link is about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LinkDamage {
    /// Its identifier does not open.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// Its identifier has another key or another namespace: the link was changed by hand, or is of another installation.
    #[error("the link is not of the identifier that is sealed in it")]
    Mismatch,
}

impl Subjects {
    /// With the key of an installation.
    pub const fn new(key: SubjectKey) -> Self {
        Self { key }
    }

    /// The `sub` of somebody who has no link: a keyed hash of namespace, format, qualifiers and value, in this order.
    pub fn derived(&self, subject: &Subject) -> Sub {
        Sub::new(self.key.derive(&identifier(subject)))
    }

    /// What a link of that subject is kept under.
    pub fn link_key(&self, subject: &Subject) -> LinkKey {
        LinkKey::from_hash(self.key.link_hash(&identifier(subject)))
    }

    /// What stands in a token: the `sub` itself, or what a sector sees of it.
    pub fn shown<'s>(&self, sub: &'s Sub, to: &SubjectType) -> Cow<'s, str> {
        match to {
            SubjectType::Public => sub.as_str().into(),
            SubjectType::Pairwise(sector) => self.key.pairwise(sector.as_str(), sub.as_str()).into(),
        }
    }

    /// Whom a link is about.
    pub fn opened(&self, new: &NewLink, master: &MasterKeys) -> Result<Subject, LinkDamage> {
        let [namespace, format, name, sp_name, value] = link::open(master, &new.key.to_string(), &new.link.sealed)?;
        let qualifiers = [name, sp_name];
        let subject = Subject { namespace: Namespace::new(namespace), format, qualifiers, value };
        let fits = subject.namespace == new.link.namespace && self.link_key(&subject) == new.key;
        if fits { Ok(subject) } else { Err(LinkDamage::Mismatch) }
    }
}

/// What is needed to make links.
#[derive(Clone, Copy)]
pub struct LinkMaker<'a> {
    /// Makes their keys.
    pub subjects: &'a Subjects,
    /// Seals their identifiers.
    pub master: &'a MasterKeys,
    /// For the nonces of the seals.
    pub entropy: &'a dyn Entropy,
    /// When.
    pub now: Timestamp,
    /// By which request; `None` for an administrator.
    pub by: Option<TraceId>,
}

impl LinkMaker<'_> {
    /// A link of that subject.
    pub fn link(&self, subject: &Subject, sub: Sub) -> NewLink {
        let key = self.subjects.link_key(subject);
        let sealed = link::seal(self.master, &key.to_string(), &identifier(subject), self.entropy);
        let namespace = subject.namespace.clone();
        NewLink { key, link: Link { sub, namespace, sealed, made: self.now, by: self.by } }
    }
}

fn identifier(subject: &Subject) -> Identifier<'_> {
    let Subject { namespace, format, qualifiers: [name, sp_name], value } = subject;
    [namespace.as_str(), format, name, sp_name, value]
}

#[cfg(test)]
mod tests {
    use crate::crypto::entropy::SystemEntropy;
    use crate::ground::id::Sector;

    use super::*;

    fn ana() -> Subject {
        Subject {
            namespace: Namespace::new("https://idp.example"),
            format: "mapped".into(),
            qualifiers: [String::new(), String::new()],
            value: "ana".into(),
        }
    }

    fn master() -> MasterKeys {
        MasterKeys::parse(&MasterKeys::new_line(&SystemEntropy)).unwrap()
    }

    #[test]
    fn sub_and_link_hang_on_every_part_of_the_subject() {
        let subjects = Subjects::new(SubjectKey::generate(&SystemEntropy));
        let changes: [fn(&mut Subject); 6] = [
            |s| s.namespace = Namespace::new("https://idp2.example"),
            |s| s.format = "persistent".into(),
            |s| s.qualifiers = ["q".into(), String::new()],
            |s| s.qualifiers = [String::new(), "q".into()],
            |s| s.value = "Ana".into(),
            |s| (s.format, s.value) = ("mappeda".into(), "na".into()),
        ];
        let (mut subs, mut keys) = (vec![subjects.derived(&ana())], vec![subjects.link_key(&ana())]);
        for change in changes {
            let mut other = ana();
            change(&mut other);
            subs.push(subjects.derived(&other));
            keys.push(subjects.link_key(&other));
        }
        assert_eq!((&subjects.derived(&ana()), &subjects.link_key(&ana())), (&subs[0], &keys[0]));
        subs.sort_unstable();
        subs.dedup();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!((subs.len(), keys.len()), (1 + changes.len(), 1 + changes.len()));
        assert!(!subs.iter().any(|sub| sub.as_str().contains("ana")));
    }

    #[test]
    fn a_sector_sees_its_own_and_others_the_sub() {
        let subjects = Subjects::new(SubjectKey::generate(&SystemEntropy));
        let (ana, bob) = (subjects.derived(&ana()), subjects.derived(&Subject { value: "bob".into(), ..ana() }));
        let [payroll, wiki] =
            ["payroll.example", "wiki.example"].map(|sector| SubjectType::Pairwise(Sector::new(sector)));
        assert_eq!(subjects.shown(&ana, &SubjectType::Public), ana.as_str());
        let seen = subjects.shown(&ana, &payroll);
        assert_eq!(seen.len(), 43);
        assert_eq!(seen, subjects.shown(&ana, &payroll));
        for other in [subjects.shown(&ana, &wiki), subjects.shown(&bob, &payroll), ana.as_str().into()] {
            assert_ne!(seen, other);
        }
    }

    #[test]
    fn only_who_has_both_keys_can_say_whom_a_link_is_about() {
        let (subjects, master) = (Subjects::new(SubjectKey::generate(&SystemEntropy)), master());
        let now = Timestamp::from_unix_seconds(1);
        let maker = LinkMaker { subjects: &subjects, master: &master, entropy: &SystemEntropy, now, by: None };
        let new = maker.link(&ana(), Sub::new("s"));
        assert_eq!((new.link.sub.as_str(), new.link.made, new.link.by), ("s", now, None));
        assert_eq!(subjects.opened(&new, &master), Ok(ana()));
        assert!(matches!(subjects.opened(&new, &super::tests::master()), Err(LinkDamage::Identifier(_))));
        let others = Subjects::new(SubjectKey::generate(&SystemEntropy));
        assert_eq!(others.opened(&new, &master), Err(LinkDamage::Mismatch));
        let mut moved = new.clone();
        moved.link.namespace = Namespace::new("https://idp2.example");
        assert_eq!(subjects.opened(&moved, &master), Err(LinkDamage::Mismatch));
        let elsewhere = NewLink { key: subjects.link_key(&Subject { value: "bob".into(), ..ana() }), ..new };
        assert!(matches!(subjects.opened(&elsewhere, &master), Err(LinkDamage::Identifier(_))));
    }
}
