use super::super::testing::{self, losses};
use super::*;

const FILE: &str = include_str!("../../../fixtures/import/adfs/issuance-rules.txt");
const AUTHORIZATION: &str = include_str!("../../../fixtures/import/adfs/authorization-rules.txt");

fn import(text: &str) -> Result<Imported, ImportError> {
    super::import(&[text])
}

fn imported(text: &str) -> Imported {
    let imported = import(text).unwrap();
    testing::compiles(&imported);
    imported
}

fn claims(imported: &Imported) -> Vec<String> {
    imported.drafts[0].claims.iter().map(|claim| format!("{} {:?}", claim.name, claim.rule)).collect()
}

#[test]
fn the_fixture_becomes_this_mapping() {
    insta::assert_snapshot!(testing::shown(&imported(FILE)));
}

const UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
const GROUP: &str = "http://schemas.xmlsoap.org/claims/Group";

#[test]
fn the_mapping_of_the_fixture_does_what_the_rules_did() {
    let draft = &imported(FILE).drafts[0];
    let outcome = |sent: &[(&str, &[&str])]| testing::outcome(draft, None, sent);
    assert_eq!(
        outcome(&[
            (UPN, &["ana@corp.example"]),
            (GROUP, &["HR-Admins", "APP-Payroll-Reports", "APP-Other"]),
            ("http://schemas.microsoft.com/ws/2008/06/identity/claims/windowsaccountname", &["CORP\\ana"]),
            ("http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork", &["true"]),
            ("https://payroll.example/claims/number", &["004711", "4711", "0047110"]),
        ]),
        concat!(
            r#"ana@corp.example {"application":["Reports"],"groups":["HR-Admins","APP-Payroll-Reports","APP-Other"],"#,
            r#""login":"ana","number":["004711"],"roles":["payroll-admin","payroll-trusted"],"tenant":"corp","upn":"ana@corp.example"}"#
        )
    );
    assert_eq!(
        outcome(&[(UPN, &["bob@corp.example"])]),
        r#"bob@corp.example {"application":[],"number":[],"roles":[],"tenant":"corp","upn":"bob@corp.example"}"#
    );
    assert!(outcome(&[(GROUP, &["HR-Admins"])]).starts_with("mapping.attribute_missing"));
}

#[test]
fn whom_the_rules_did_not_permit_is_refused() {
    let draft = &imported(AUTHORIZATION).drafts[0];
    let inside = ("http://schemas.microsoft.com/ws/2012/01/insidecorporatenetwork", &["true"][..]);
    let outcome = |sent: &[(&str, &[&str])]| testing::outcome(draft, None, sent);
    assert_eq!(outcome(&[(UPN, &["ana@corp.example"]), (GROUP, &["All-Staff"])]), "ana@corp.example {}");
    assert_eq!(outcome(&[(UPN, &["ana@corp.example"]), (GROUP, &["PARTNER-x"]), inside]), "ana@corp.example {}");
    for (sent, code) in [
        (vec![(UPN, &["ana@corp.example"][..]), (GROUP, &["PARTNER-x"][..])], "mapping.require.permitted"),
        (vec![(UPN, &["ana@corp.example"][..])], "mapping.require.permitted"),
        (vec![(UPN, &["ana@old.example"][..]), (GROUP, &["All-Staff"][..])], "mapping.require.not_denied_1"),
    ] {
        assert!(outcome(&sent).starts_with(code), "{}", outcome(&sent));
    }
}

#[test]
fn rules_of_authorization_become_requirements() {
    insta::assert_snapshot!(testing::shown(&imported(AUTHORIZATION)));
}

#[test]
fn each_shape_of_a_rule_is_carried() {
    for (rule, expected) in [
        (r#"c:[Type == "x:a"] => issue(claim = c);"#, r#"a From("a")"#),
        (r#"C:[type == "x:a"] => Issue(Type = "x:b", Value = c.Value, ValueType = c.ValueType);"#, r#"b From("a")"#),
        (r#"c:[Type == "x:a", Value == "v"] => issue(Type = "x:b", Value = "w");"#, r#"b Table("a", [("v", "w")])"#),
        (
            r#"c:[Type == "x:a", Value =~ "^(?i)v$"] => issue(claim = c);"#,
            r#"a Cel("(has(attr.a) ? attr.a : []).filter(v, v.lowerAscii() == 'v')")"#,
        ),
        (r#"=> issue(Type = "x:b", Value = "w");"#, r"b Value(string)"),
        (
            r#"exists([Type == "x:a", Value == "v"]) => issue(Type = "x:b", Value = "w");"#,
            r#"b Table("a", [("v", "w")])"#,
        ),
        (
            r#"NOT EXISTS([Type == "x:a"]) => issue(Type = "x:b", Value = "w");"#,
            r#"b Cel("!(size((has(attr.a) ? attr.a : [])) > 0) ? 'w' : null")"#,
        ),
        (
            r#"COUNT([Type == "x:a", Value != "v"]) >= 2 => issue(Type = "x:b", Value = "w");"#,
            r#"b Cel("size((has(attr.a) ? attr.a : []).filter(v, v != 'v')) >= 2 ? 'w' : null")"#,
        ),
        (
            r#"c:[Type == "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"] => issue(Type = "x:b", Value = c.Value + "!");"#,
            r#"b Cel("has(attr.upn) ? attr.upn + '!' : null")"#,
        ),
        (
            r#"c:[Type == "x:a"] && [Type == "x:d", Value == "y"] => issue(Type = "x:b", Value = "p-" + c.Value);"#,
            r#"b Cel("('y' in (has(attr.d) ? attr.d : []) ? (has(attr.a) ? attr.a : []).map(v, 'p-' + v) : [])")"#,
        ),
        (
            r#"c:[Type == "x:a"] => issue(Type = "x:b", Value = RegExReplace(c.Value, "^APP-", ""));"#,
            r#"b Cel("(has(attr.a) ? attr.a : []).map(v, (v.startsWith('APP-') ? v.substring(4) : v))")"#,
        ),
    ] {
        let imported = imported(rule);
        assert_eq!(claims(&imported), [expected], "{rule}");
        assert_eq!(losses(&imported), Vec::<String>::new(), "{rule}");
    }
}

#[test]
fn every_other_rule_issues_nothing_and_is_told_with_its_line() {
    for (rule, why) in [
        (r"c:[] => issue(claim = c);", "it selects claims of every type, and only declared attributes are read"),
        (r#"c:[Type =~ "^x"] => issue(claim = c);"#, "it selects types by more than their name"),
        (
            r#"c:[Type == "a", Value =~ "(?=x)y"] => issue(claim = c);"#,
            "the regular expression `(?=x)y` is not understood",
        ),
        (
            r#"c:[Type == "a", Issuer == "https://partner"] => issue(claim = c);"#,
            "it asks who said the claim first, which is not known here",
        ),
        (
            r#"c:[Type == "a", Properties["p"] == "x"] => issue(claim = c);"#,
            "it asks for `properties[p]` in a way that has no counterpart",
        ),
        (
            r#"a:[Type == "a"] && b:[Type == "b", Value == a.Value] => issue(claim = a);"#,
            "it asks for `value` in a way that has no counterpart",
        ),
        (
            r#"a:[Type == "a"] && b:[Type == "b"] => issue(Type = "c", Value = a.Value + b.Value);"#,
            "it puts claims of several conditions together that may have several values",
        ),
        (r#"c:[Type == "a"] => issue(Type = c.Value, Value = "x");"#, "the type that it issues is computed"),
        (
            r#"c:[Type == "a"] => issue(Type = "b", Value = RegExReplace(c.Value, "[a-z]", ""));"#,
            "the regular expression `[a-z]` is not understood",
        ),
        (
            r#"c:[Type == "a"] => issue(Type = "b", Value = ToUpper(c.Value));"#,
            "the function `toupper` has no counterpart in this form",
        ),
        (r#"c:[Type == "a"] => issue(claim = d);"#, "no condition is called `d`"),
        (r#"c:[Type == "a"] => issue(Type = "b", Value = c.Issuer);"#, "`issuer` of a claim has no counterpart"),
        (r#"c:[Type == "a"] => issue(Type = "sub", Value = c.Value);"#, "the claim `sub` belongs to the issuer"),
    ] {
        let imported = imported(&format!("\n{rule}\n=> issue(Type = \"x\", Value = \"y\");"));
        assert_eq!(losses(&imported), [format!("2 a rule: {why}")], "{rule}");
        assert_eq!((claims(&imported).len(), imported.drafts[0].attributes.len()), (1, 0), "{rule}");
    }
}

#[test]
fn what_cannot_be_read_does_not_hide_the_next_rule() {
    let imported = imported("c:[Type == oops] => issue(claim = c);\n=> permit;\n=> issue(Type = \"x\", Value = \"y\")");
    assert_eq!(
        losses(&imported),
        [
            "1 a rule: it cannot be read: `.` was expected here",
            "2 a rule: it cannot be read: `permit` is neither `issue` nor `add`"
        ]
    );
    assert_eq!(claims(&imported), ["x Value(string)"]);
}

#[test]
fn a_rule_sees_what_rules_above_have_added() {
    let imported = imported(
        r#"c:[Type == "x:group", Value == "A"] => add(Type = "tmp:level", Value = "high");
           c:[Type == "tmp:level", Value == "high"] => issue(Type = "x:access", Value = "full");
           => add(Type = "tmp:level", Value = "late");"#,
    );
    assert_eq!(
        claims(&imported),
        [
            r#"_level Table("group", [("A", "high")])"#,
            r#"access Cel("'high' in (has(claims._level) ? claims._level : []) ? 'full' : null")"#,
        ]
    );
    assert_eq!(losses(&imported), ["3 a rule: a rule above has read what this rule adds to"]);
}

#[test]
fn a_claim_with_one_value_is_a_list_for_rules_below() {
    let upn = UPN;
    let imported = imported(&format!(
        r#"c:[Type == "x:login"] => add(Type = "{upn}", Value = c.Value + "@corp.example");
           c:[Type == "x:other"] => issue(Type = "{upn}", Value = c.Value);
           c:[Type == "{upn}", Value == "root@corp.example"] => issue(Type = "x:root", Value = "yes");"#
    ));
    assert_eq!(
        claims(&imported).last().unwrap(),
        concat!(
            r#"root Cel("'root@corp.example' in ((has(claims._upn) ? claims._upn : []) + (has(claims.upn) ? claims.upn : [])) "#,
            r#"? 'yes' : null")"#
        )
    );
}

#[test]
fn the_name_id_becomes_the_subject() {
    let name_id = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
    let format = "http://schemas.xmlsoap.org/ws/2005/05/identity/claimproperties/format";
    let of = |value: &str, format_name: &str| {
        imported(&format!(
            "c:[Type == \"x:login\"] => issue(Type = \"{name_id}\", Value = {value}, Properties[\"{format}\"] = \"urn:{format_name}\");"
        ))
    };
    let plain = of("c.Value", "persistent");
    assert_eq!(plain.drafts[0].subject.rule, SubjectRule::From("login".into()));
    assert!(!plain.drafts[0].attributes[0].optional && !plain.drafts[0].attributes[0].many);
    let cut = of("RegExReplace(c.Value, \"@.*$\", \"\")", "persistent");
    let SubjectRule::Cel(cel) = &cut.drafts[0].subject.rule else { panic!("{:?}", cut.drafts[0].subject) };
    assert!(cel.contains("attr.login.split('@', 2)[0]"), "{cel}");
    assert_eq!(losses(&of("c.Value", ":transient")), ["1 a rule: a transient NameID is nobody's subject"]);
}

#[test]
fn a_deny_that_is_not_understood_refuses_everybody() {
    let imported = imported(
        r#"=> issue(Type = "http://schemas.microsoft.com/authorization/claims/permit", Value = "true");
           c:[Type == "x:a", Value =~ "(?=x)y"] => issue(Type = "http://schemas.microsoft.com/authorization/claims/deny", Value = "true");"#,
    );
    let require: Vec<_> = imported.drafts[0].require.iter().map(|rule| (rule.id.as_str(), rule.cel.as_str())).collect();
    assert_eq!(require, [("deny_not_carried", "false")]);
    assert!(losses(&imported)[1].contains("everybody is refused until"), "{:?}", losses(&imported));
}

#[test]
fn claims_and_their_authorization_are_one_mapping_in_whatever_order_they_are_given() {
    let both = super::import(&[FILE, AUTHORIZATION]).unwrap();
    testing::compiles(&both);
    let [draft] = both.drafts.as_slice() else { panic!("{:?}", both.drafts) };
    assert_eq!(draft.require, imported(AUTHORIZATION).drafts[0].require);
    assert_eq!(draft.claims, imported(FILE).drafts[0].claims);
    assert!(both.losses.iter().all(|loss| loss.file == 0), "{:?}", both.losses);
    let turned = super::import(&[AUTHORIZATION, FILE]).unwrap();
    assert_eq!(turned.drafts, both.drafts);
    assert!(turned.losses.iter().all(|loss| loss.file == 1), "{:?}", turned.losses);
    let sent = [(UPN, &["ana@corp.example"][..])];
    assert!(testing::outcome(draft, None, &sent).starts_with("mapping.require.permitted"));
    let staff = [sent[0], (GROUP, &["All-Staff"][..])];
    assert!(testing::outcome(draft, None, &staff).starts_with("ana@corp.example {"));
}

#[test]
fn rules_of_authorization_and_of_claims_do_not_see_what_the_others_add() {
    let admission = r#"c:[Type == "x:group", Value == "A"] => add(Type = "tmp:level", Value = "high");
        c:[Type == "tmp:level", Value == "high"] => issue(Type = "http://schemas.microsoft.com/authorization/claims/permit", Value = "true");"#;
    let claims = r#"c:[Type == "tmp:level"] => issue(Type = "x:level", Value = c.Value);"#;
    let both = super::import(&[claims, admission]).unwrap();
    let made: Vec<_> = both.drafts[0].claims.iter().map(|claim| format!("{} {:?}", claim.name, claim.rule)).collect();
    assert!(made.contains(&r#"level From("level")"#.to_owned()), "{made:?}");
}

#[test]
fn authorization_without_its_own_claims_is_refused_or_told() {
    for files in [vec![FILE, FILE, AUTHORIZATION], vec![AUTHORIZATION, AUTHORIZATION]] {
        let error = super::import(&files).unwrap_err();
        assert!(error.message.starts_with("this says who may come in, but not to which"), "{}", error.message);
        assert_eq!(error.file, files.iter().position(|file| *file == AUTHORIZATION).unwrap());
    }
    let mixed = format!("{FILE};\n{AUTHORIZATION}");
    assert!(super::import(&[&mixed, AUTHORIZATION]).is_err(), "two sets that permit would permit more together");
    assert!(losses(&imported(AUTHORIZATION))[0].contains("these rules only say who may come in"));
    assert!(imported(FILE).drafts[0].notes[0].starts_with("Who may come in is not said here"));
}

#[test]
fn what_may_deny_and_cannot_be_read_refuses_everybody() {
    let permit = r#"=> issue(Type = "http://schemas.microsoft.com/authorization/claims/permit", Value = "true");"#;
    let unread = format!("{permit}\n@RuleName = \"Old forest\"\nc:[Type == oops] => issue(claim = c);");
    let denied = imported(&unread);
    assert_eq!(require(&denied), ["deny_not_carried false"]);
    assert!(losses(&denied)[1].starts_with("3 rule `Old forest`: it cannot be read: "), "{:?}", losses(&denied));
    // Who is permitted by what cannot be carried is not permitted.
    for lost in [
        r#"=> issue(store = "S", types = ("http://schemas.microsoft.com/authorization/claims/permit"), query = "q");"#,
        r#"c:[Type == "http://schemas.microsoft.com/authorization/claims/permit"] => issue(claim = c);"#,
        r#"=> add(Type = "x:a", Value = "b");"#,
    ] {
        let both = super::import(&[FILE, lost]).unwrap();
        assert_eq!(require(&both), ["permitted false"], "{lost}");
    }
}

#[test]
fn what_holds_no_rule_is_told() {
    for (text, expected) in [
        ("", "1 this holds no claim rule: it is empty"),
        ("\nhello", "2 this holds no claim rule: `:` was expected here"),
        ("\"", "1 this holds no claim rule: `[` was expected here"),
    ] {
        let error = import(text).unwrap_err();
        assert_eq!(format!("{} {}", error.line, error.message), expected);
    }
    let large = import(&" ".repeat(MAX_BYTES + 1)).unwrap_err();
    assert_eq!(large.message, "the file is larger than 1 MiB");
}

testing::survives_garbage!(FILE);

#[test]
fn nobody_is_let_in_whom_no_rule_permits() {
    let deny = r#"c:[Type == "x:a", Value == "b"] => issue(Type = "http://schemas.microsoft.com/authorization/claims/deny", Value = "true");"#;
    let add = r#"=> add(Type = "http://schemas.microsoft.com/authorization/claims/permit", Value = "true");"#;
    for text in [deny, add] {
        let imported = imported(text);
        let require: Vec<_> =
            imported.drafts[0].require.iter().map(|rule| (rule.id.as_str(), rule.cel.as_str())).collect();
        assert_eq!(require[0], ("permitted", "false"), "{text}");
        assert_eq!(imported.losses.len(), 1 + usize::from(text == add), "{text}");
    }
}

const DENY: &str = "http://schemas.microsoft.com/authorization/claims/deny";
const PERMIT: &str = "http://schemas.microsoft.com/authorization/claims/permit";

fn require(imported: &Imported) -> Vec<String> {
    imported.drafts[0].require.iter().map(|rule| format!("{} {}", rule.id, rule.cel)).collect()
}

#[test]
fn what_a_lost_rule_makes_is_not_taken_for_absent() {
    let lost = r#"c:[Type == "x:dep", Value =~ "\bext\b"] => add(Type = "x:blocked", Value = "yes");"#;
    for (rule, denies) in [
        (format!(r#"[Type == "x:blocked", Value == "yes"] => issue(Type = "{DENY}", Value = "true");"#), true),
        (r#"NOT EXISTS([Type == "x:blocked"]) => issue(Type = "x:role", Value = "internal");"#.to_owned(), false),
        (r#"COUNT([Type == "x:blocked"]) == 0 => issue(Type = "x:role", Value = "internal");"#.to_owned(), false),
        (r#"c:[Type == "x:blocked"] => issue(Type = "x:role", Value = c.Value);"#.to_owned(), false),
    ] {
        let imported = imported(&format!("{lost}\n{rule}\n=> issue(Type = \"{PERMIT}\", Value = \"true\");"));
        assert_eq!(require(&imported).contains(&"deny_not_carried false".to_owned()), denies, "{rule}");
        assert_eq!(claims(&imported), Vec::<String>::new(), "{rule}");
        let why = "2 a rule: it reads `x:blocked`, which the rule of line 1 makes in a way that is not carried";
        assert!(losses(&imported).iter().any(|loss| loss.starts_with(why)), "{:?}", losses(&imported));
    }
}

#[test]
fn what_a_lost_rule_makes_is_lost_for_whatever_hangs_on_it() {
    let imported = imported(&format!(
        r#"c:[Type == "x:dep", Value =~ "\bext\b"] => add(Type = "x:one", Value = "yes");
           c:[Type == "x:one"] => add(Type = "x:two", Value = "yes");
           NOT EXISTS([Type == "x:two"]) => issue(Type = "x:role", Value = "internal");
           c:[Type == "x:dep"] && NOT EXISTS([Type == "{PERMIT}"]) => issue(claim = c);
           => issue(Type = "{PERMIT}", Value = "true");
           c:[Type == "x:dep"] && NOT EXISTS([Type == "{PERMIT}"]) => issue(Type = "x:role", Value = c.Value);"#
    ));
    assert_eq!(losses(&imported).len(), 4, "{:?}", losses(&imported));
    assert!(losses(&imported)[2].starts_with("3 a rule: it reads `x:two`, which the rule of line 2 makes"));
    assert!(losses(&imported)[3].starts_with("6 a rule: it reads"), "what is permitted is no claim to be read");
}

#[test]
fn behind_a_rule_that_may_make_anything_nothing_holds_because_a_claim_is_missing() {
    let of = |first: &str, rule: &str| {
        let imported = imported(&format!("=> issue(Type = \"{PERMIT}\", Value = \"true\");\n{first}\n{rule}"));
        let lost = losses(&imported).iter().any(|loss| {
            loss.starts_with("3 a rule: it asks for claims that may come from the rule of line 2, which is not carried")
        });
        (lost, require(&imported).contains(&"deny_not_carried false".to_owned()))
    };
    let deny = format!(r#"[Type == "x:blocked"] => issue(Type = "{DENY}", Value = "true");"#);
    for first in ["c:[Type == oops] => add(claim = c);", r#"c:[Type == "x:a"] => add(Type = c.Value, Value = "yes");"#]
    {
        assert_eq!(of(first, &deny), (true, true), "{first}");
        for (asks, lost) in [
            ("NOT EXISTS([Type == \"x:b\"])", true),
            ("COUNT([Type == \"x:b\"]) < 2", true),
            ("COUNT([Type == \"x:b\"]) != 2", true),
            ("COUNT([Type == \"x:b\"]) >= 2", false),
            ("EXISTS([Type == \"x:b\"])", false),
            ("[Type == \"x:b\"]", false),
        ] {
            let rule = format!("{asks} => issue(Type = \"x:role\", Value = \"internal\");");
            assert_eq!(of(first, &rule).0, lost, "{first} {rule}");
        }
    }
}

#[test]
fn a_copy_sees_what_rules_above_have_made_of_other_types() {
    let blocked = r#"[Type == "x:dep", Value == "ext"] => add(Type = "x:blocked", Value = "yes");"#;
    let copy = r#"c:[Type == "x:a"] && NOT EXISTS([Type == "x:blocked"]) => issue(claim = c);"#;
    let imported = imported(&format!("{blocked}\n{copy}"));
    let last = claims(&imported).last().cloned().unwrap_or_default();
    assert!(last.contains("claims._blocked") && !last.contains("attr.blocked"), "{last}");
}

#[test]
fn a_default_is_not_for_those_for_whom_a_rule_above_has_made_something() {
    let imported = imported(
        r#"[Type == "x:dep", Value == "ext"] => issue(Type = "x:role", Value = "external");
           NOT EXISTS([Type == "x:role"]) => issue(Type = "x:role", Value = "internal");"#,
    );
    assert_eq!(claims(&imported), [r#"roles Table("dep", [("ext", "external")])"#]);
    let why = "2 a rule: it asks how much rules above have made of `x:role`, to which it adds";
    assert_eq!(losses(&imported), [why]);
}

#[test]
fn a_rule_that_may_pass_on_a_deny_is_one_that_denies() {
    let permit = format!("=> issue(Type = \"{PERMIT}\", Value = \"true\");");
    for rule in [
        format!("c:[Type == \"{DENY}\"] => issue(claim = c);"),
        format!("c:[Type == \"{DENY}\"] => issue(Type = c.Type, Value = c.Value);"),
        r#"c:[Type =~ "/authorization/claims/(permit|deny)$"] => issue(claim = c);"#.to_owned(),
        r#"c:[Type == "x:a"] => issue(Type = c.Value, Value = "true");"#.to_owned(),
        r#"c:[Type == "x:a"] => issue(Type = "http://schemas.microsoft.com/authorization/" + c.Value, Value = "true");"#
            .to_owned(),
        "c:[] => issue(claim = c);".to_owned(),
        r#"c:[Type == "x:a"] => issue(store = "S", types = (c.Value), query = "q");"#.to_owned(),
    ] {
        let both = super::import(&[FILE, &format!("{permit}\n{rule}")]).unwrap();
        testing::compiles(&both);
        assert_eq!(require(&both), ["deny_not_carried false"], "{rule}");
        assert!(both.drafts[0].claims.iter().all(|claim| claim.name != "deny"), "{rule}");
        assert_eq!(both.drafts.len(), 1, "{rule}");
    }
    let passed_on = imported(&format!("c:[Type == \"{PERMIT}\"] => issue(Type = c.Type, Value = c.Value);"));
    assert_eq!((claims(&passed_on), require(&passed_on)), (vec![], vec!["permitted false".to_owned()]));
}

#[test]
fn a_condition_that_is_not_asked_here_is_told() {
    for (test, why) in [
        (
            r#"Issuer == "AD AUTHORITY""#,
            "it held for claims of the issuer `AD AUTHORITY` only, and who said a claim first is not known here: decide \
             whether it may hold for whatever the source sends",
        ),
        (
            r#"ValueType == "x:int""#,
            "it held for claims with `ValueType == x:int` only, which is not asked here: decide whether it may hold for \
             whatever the source sends",
        ),
    ] {
        let imported = imported(&format!(r#"c:[Type == "x:a", {test}] => issue(claim = c);"#));
        assert_eq!(claims(&imported), [r#"a From("a")"#]);
        assert_eq!(losses(&imported), [format!("1 a rule: {why}")]);
        assert_eq!(imported.losses[0].weight, super::super::Weight::Decide);
    }
}

#[test]
fn letters_beyond_ascii_are_not_compared_without_regard_to_case() {
    let permit = format!("=> issue(Type = \"{PERMIT}\", Value = \"true\");");
    for pattern in ["(?i)^GÄSTE$", "^(?i)(staff|GÄSTE)$"] {
        let imported = imported(&format!(
            "{permit}\nc:[Type == \"x:a\", Value =~ \"{pattern}\"] => issue(Type = \"{DENY}\", Value = \"true\");"
        ));
        assert_eq!(require(&imported), ["deny_not_carried false"], "{pattern}");
    }
}

#[test]
fn a_claim_with_a_name_that_no_file_can_have_is_lost_with_what_reads_it() {
    let kind = format!("x:{}", "x".repeat(201));
    let imported = imported(&format!(
        r#"[Type == "x:dep", Value == "ext"] => issue(Type = "{kind}", Value = "yes");
           NOT EXISTS([Type == "{kind}"]) => issue(Type = "x:role", Value = "internal");"#
    ));
    assert_eq!(claims(&imported), Vec::<String>::new());
    assert_eq!(losses(&imported)[0], "1 a rule: the name of the claim is longer than 200 bytes");
    assert_eq!(losses(&imported).len(), 2);
}

#[test]
fn the_name_id_is_no_claim_that_rules_below_could_read() {
    let name_id = made::NAME_ID;
    for first in [
        format!(r#"c:[Type == "x:login"] => issue(Type = "{name_id}", Value = c.Value);"#),
        format!(r#"=> issue(store = "S", types = ("{name_id}"), query = "q");"#),
    ] {
        let rule = format!(r#"NOT EXISTS([Type == "{name_id}"]) => issue(Type = "x:guest", Value = "yes");"#);
        let imported = imported(&format!("{first}\n{rule}"));
        assert_eq!(claims(&imported), Vec::<String>::new(), "{first}");
        let why =
            format!("2 a rule: it reads `{name_id}`, which the rule of line 1 makes in a way that is not carried");
        assert!(losses(&imported).contains(&why), "{:?}", losses(&imported));
    }
}

#[test]
fn only_what_a_lost_rule_makes_anew_is_lost_and_only_in_its_own_set() {
    // A copy makes nothing that is not there without it.
    let copy = r#"c:[Type == "x:dep", Value =~ "\bext\b"] => issue(claim = c);"#;
    let read = r#"c:[Type == "x:dep"] => issue(Type = "x:unit", Value = c.Value);"#;
    assert_eq!(claims(&imported(&format!("{copy}\n{read}"))), [r#"unit From("dep")"#]);
    let lost = r#"c:[Type == "x:dep", Value =~ "\bext\b"] => add(Type = "x:level", Value = "high");"#;
    let permit = format!("=> issue(Type = \"{PERMIT}\", Value = \"true\");");
    let level = r#"c:[Type == "x:level"] => issue(claim = c);"#;
    let both = super::import(&[level, &format!("{lost}\n{permit}")]).unwrap();
    assert_eq!(claims(&both), [r#"level From("level")"#]);
}

#[test]
fn a_set_that_only_passes_on_types_of_authorization_lets_nobody_in() {
    let pattern = r#"c:[Type =~ "/authorization/claims/"] => issue(claim = c);"#;
    assert_eq!(require(&imported(pattern)), ["permitted false", "deny_not_carried false"]);
}
