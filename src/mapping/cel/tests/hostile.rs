//! Expressions that somebody wrote to hold the bridge up, and those that merely could.
//!
//! Nothing here is measured by a clock: what bounds the work is the cost, so that is what is compared with the steps
//! that an evaluation takes.

use std::fmt::Write as _;

use ::cel::common::ast::{ComprehensionExpr, Expr};
use ::cel::common::types::{CelBool, CelInt, CelList, CelMap, CelNull, CelString};
use ::cel::common::value::Val;
use ::cel::{Context, IdedExpr, Value};

use super::*;
use crate::mapping::cel::evaluate::FUNCTIONS;
use crate::mapping::cel::explain::Outcome;
use crate::mapping::cel::limits::{MAX_COST, MAX_VALUE_BYTES, children};

#[test]
fn what_would_take_long_is_refused() {
    let nested = |open: &str, close: &str, levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    let sets = |count: usize| format!("[{}]", vec!["1"; count].join(","));
    let bomb = |list: &str, levels: usize| {
        let open = (0..levels).fold(String::new(), |mut text, level| {
            write!(text, "{list}.map(x{level}, ").unwrap();
            text
        });
        format!("{open}1{}", ")".repeat(levels))
    };
    let (large, costly) = ("mapping.expression_too_large", "mapping.expression_too_costly");
    for (text, code) in [
        (nested("(", ")", 10_000), large),
        (nested("[", "]", 10_000), large),
        (nested("size([", "])", 10_000), large),
        (nested("{'a':", "}", 10_000), large),
        (vec!["1"; 1_500].join("+"), large),
        (vec!["attr.upn"; 300].join("+"), large),
        (vec!["true"; 1_500].join("?1:"), large),
        ("true?".repeat(1_500) + "1" + &":1".repeat(1_500), large),
        ("!".repeat(4_000) + "true", large),
        ("!-".repeat(2_000) + "1", large),
        (format!("attr{}", ".a".repeat(2_000)), large),
        (format!("attr.upn{}", ".trim()".repeat(500)), large),
        (format!("attr.groups{}", ".map(x,x)".repeat(400)), large),
        (format!("'{}'", "a".repeat(1 << 20)), large),
        (format!("attr.upn.matches('{}')", "(a|b)*".repeat(1 << 17)), large),
        (sets(2_000), large),
        (format!("{{{}}}", (0..600).map(|key| format!("'{key}':1")).collect::<Vec<_>>().join(",")), large),
        (bomb("attr.groups", 2), costly),
        (bomb("attr.groups", 3), costly),
        (bomb(&sets(9), 5), costly),
        (bomb("attr.upn.split('')", 2), costly),
        ("attr.groups.exists(g, attr.groups.exists(h, g == h))".into(), costly),
        ("attr.groups.map(g, attr.groups.join(g))".into(), costly),
        ("attr.groups.map(g, attr.groups)".into(), costly),
        ("attr.groups.map(g, g.replace('', g))".into(), costly),
        ("attr.groups.map(g, g + g + g + g + g + g)".into(), costly),
        ("attr.groups.filter(g, attr.groups.distinct().sort() == [])".into(), costly),
        ((0..60).map(|at| format!("attr.upn.matches('{at}a{{400}}')")).collect::<Vec<_>>().join("||"), costly),
        ("attr.upn.matches('(a|b)*a(a|b){20}')".into(), "mapping.regex_too_large"),
        ("attr.upn.matches('((a{30}){30}){30}')".into(), "mapping.regex_too_large"),
        (format!("attr.upn.matches('{}')", nested("(", ")", 500)), "mapping.regex_too_large"),
        ("attr.upn.matches('(a+)+(?=b)')".into(), "mapping.regex_not_linear"),
    ] {
        let start = text[..text.len().min(60)].to_owned();
        let found = on_a_stack_of(1 << 20, move || World::new().compile(&text).map(|_| ()).map_err(|f| f[0].code));
        assert_eq!(found, Err(code), "{start}");
    }
}

/// As large as an identity can be that gets past the declarations.
struct Largest {
    text: String,
    groups: Vec<String>,
    roles: ClaimValue,
}

impl Largest {
    fn of(pattern: &str) -> Self {
        let whole = pattern.repeat(MAX_TEXT_READ / pattern.len());
        let text = format!("{whole}{}", "b".repeat(MAX_TEXT_READ - whole.len()));
        let roles = (0..200).map(|at| ClaimValue::Text(format!("{at:020}"))).collect();
        Self { groups: vec![text.clone(); 200], text, roles: ClaimValue::List(roles) }
    }

    fn scope<T>(&self, look: impl FnOnce(&Scope<'_>) -> T) -> T {
        let (source, client) = (SourceId::new(&*self.text), ClientId::new(&*self.text));
        let mut scope = Scope::new(&evaluate::Beside {
            source: &source,
            client: &client,
            now: Timestamp::from_unix_seconds(1_000),
            name_id: Some(&self.text),
            name_id_format: Some(&self.text),
            authn_context: Some(&self.text),
            auth_time: Some(Timestamp::from_unix_seconds(900)),
        });
        scope.add_single("upn", Some(&self.text));
        scope.add_single("mail", Some(&self.text));
        scope.add_many("groups", Some(self.groups.iter().map(String::as_str)));
        scope.add_claim("roles", Some(&self.roles));
        look(&scope)
    }
}

/// The nodes that an evaluation visits, if nothing is left out by `&&`, `||` and `?:`.
fn steps(node: &IdedExpr, context: &Context<'_, '_>) -> u64 {
    // What was put there to make it quick is not counted.
    let mut total = u64::from(node.id != u64::MAX);
    // The two are looked up as one.
    if matches!(&node.expr, Expr::Select(select) if names::table_name(&select.operand).is_some()) {
        return total;
    }
    let Expr::Comprehension(c) = &node.expr else {
        children(&node.expr, &mut |child| total += steps(child, context));
        return total;
    };
    let ComprehensionExpr { iter_range, iter_var, accu_var, accu_init, loop_cond, loop_step, result, .. } = &**c;
    total += steps(iter_range, context) + steps(accu_init, context);
    let range = Value::resolve_val(iter_range, context);
    let items = range.as_ref().ok().and_then(|range| range.downcast_ref::<CelList<'_>>());
    let mut inside = context.new_inner_scope();
    if let Ok(start) = Value::resolve_val(accu_init, context) {
        inside.add_variable_as_val(accu_var, start.into_owned());
    }
    for item in items.map_or(&[][..], CelList::inner) {
        inside.add_variable_as_val(iter_var, item.clone());
        total += steps(loop_cond, &inside) + steps(loop_step, &inside);
    }
    total + steps(result, &inside)
}

/// Bytes of text in a value, and its longest list.
fn size(value: &dyn Val) -> (u64, u64) {
    let all = |values: &mut dyn Iterator<Item = (u64, u64)>| {
        values.fold((0, 0), |(bytes, widest), (more, wide)| (bytes + more, widest.max(wide)))
    };
    if let Some(text) = value.downcast_ref::<CelString<'_>>() {
        return (text.inner().len() as u64, 0);
    }
    if let Some(list) = value.downcast_ref::<CelList<'_>>() {
        let (bytes, widest) = all(&mut list.inner().iter().map(|item| size(item.as_ref())));
        return (bytes, widest.max(list.inner().len() as u64));
    }
    if let Some(map) = value.downcast_ref::<CelMap<'_>>() {
        let (values, widest) = all(&mut map.inner().values().map(|value| size(value.as_ref())));
        let (keys, _) = all(&mut map.inner().keys().map(|key| size(key.inner())));
        return (values + keys, widest.max(map.inner().len() as u64));
    }
    (0, 0)
}

/// Whether a value is of the kind, and no larger than it says.
fn fits(value: &dyn Val, kind: &Kind) -> bool {
    let (bytes, widest) = size(value);
    match kind {
        Kind::Null => value.downcast_ref::<CelNull>().is_some(),
        Kind::Bool => value.downcast_ref::<CelBool>().is_some(),
        Kind::Int => value.downcast_ref::<CelInt>().is_some(),
        Kind::Text { bytes: most } => value.downcast_ref::<CelString<'_>>().is_some() && bytes <= *most,
        Kind::List { count, total, item } => value.downcast_ref::<CelList<'_>>().is_some_and(|list| {
            let length = list.inner().len() as u64;
            length <= *count && bytes <= *total && list.inner().iter().all(|value| fits(value.as_ref(), item))
        }),
        Kind::Object { count, total, item } => value.downcast_ref::<CelMap<'_>>().is_some_and(|map| {
            let length = map.inner().len() as u64;
            length <= *count && bytes <= *total && map.inner().values().all(|value| fits(value.as_ref(), item))
        }),
        Kind::Any { count, bytes: most } => bytes <= *most && widest <= *count,
    }
}

/// What the crate makes of the text as it stands.
fn plainly(text: &str, expression: &Expression, scope: &Scope<'_>) -> Result<Option<ClaimValue>, ()> {
    let patterns = check::check(&parse(text).unwrap(), &World::new().names(), &places::Places::of(text, &[])).patterns;
    let mut tree = parse(text).unwrap();
    prepare::name_patterns(&mut tree, &patterns.into_keys().collect::<Vec<_>>());
    scope.yields(&tree, &expression.patterns).map_err(drop)
}

/// What must hold for whatever compiles.
fn check(text: &str, largest: &Largest) {
    let Ok((expression, _)) = World::new().compile(text) else { return };
    assert!(expression.cost <= MAX_COST && expression.kind.bytes() <= MAX_VALUE_BYTES);
    largest.scope(|scope| {
        let view = evaluate::View::of(scope, &expression.patterns);
        let mut context = Context::with_env(std::sync::Arc::clone(&FUNCTIONS));
        context.set_variable_resolver(&view);
        let taken = steps(&expression.tree, &context);
        assert!(taken <= expression.cost, "{taken} steps, {} expected: {text}", expression.cost);
        let whole = scope.evaluate(&expression);
        assert_eq!(plainly(text, &expression, scope), whole.clone().map_err(drop), "{text}");
        if let Some(constant) = expression.constant() {
            assert_eq!(constant.clone().ok(), whole.clone().ok(), "{text}");
        }
        let parts = expression.explain(scope);
        for part in &parts {
            // A part by itself is an expression too, within the bounds of the whole.
            let Ok((alone, _)) = World::new().compile(&part.text) else { panic!("{} of {text}", part.text) };
            assert!(alone.cost <= expression.cost, "{} of {text}", part.text);
            let measured = |value: &dyn Val| (fits(value, &alone.kind), format!("{:?}", size(value)));
            let found = scope.resolve_with(&alone.tree, &alone.patterns, measured);
            if let Ok((fits, size)) = &found {
                assert!(fits, "{} is of {size} and not of {:?}, in {text}", part.text, alone.kind);
            }
            let said = alone.explain(scope).pop().map(|part| part.outcome);
            match (&part.outcome, &found, said) {
                (Outcome::Value(value), Ok(_), Some(Outcome::Value(said))) => {
                    let start = |text: &str| text.chars().take(8).collect::<String>();
                    assert_eq!(start(value), start(&said), "{} of {text}", part.text);
                }
                // Alone it is a claim, and may be none.
                (Outcome::Value(_), Ok(_), _)
                | (Outcome::Failed(_), _, Some(Outcome::Failed(_)))
                | (Outcome::NotEvaluated, ..) => {}
                (outcome, ..) => panic!("{outcome:?} of {} in {text}", part.text),
            }
        }
        if let Some(last) = parts.last() {
            assert_eq!(matches!(last.outcome, Outcome::Value(_)), whole.is_ok(), "{text}");
        }
    });
}

#[derive(Debug, Clone, Copy)]
enum Sort {
    Text,
    Texts,
    Truth,
    Number,
}

const LITERALS: [&str; 8] = ["'a'", "'@'", "''", "'é'", "r'\\'", "'CN=a,OU=b'", "'a@b.example'", "'ou'"];

#[expect(clippy::too_many_lines, reason = "a grammar, one rule a line")]
/// An expression of a sort, up to so many levels; `x` and `y` are elements where a loop is around.
fn expression(sort: Sort, levels: u32) -> BoxedStrategy<String> {
    let of = |sort| expression(sort, levels.saturating_sub(1));
    let leaf = |texts: Vec<&'static str>| prop::sample::select(texts).prop_map(str::to_owned).boxed();
    let literal = || prop::sample::select(LITERALS.to_vec());
    let number = || prop::sample::select(vec!["0", "1", "2", "200", "-1", "9223372036854775807"]);
    let leaves = match sort {
        Sort::Text => leaf(vec![
            "attr.upn",
            "attr.mail",
            "name_id",
            "source",
            "acr",
            "claims.roles[0]",
            "attr.groups[1]",
            "x",
            "y",
            "'a'",
            "'é@b'",
        ]),
        Sort::Texts => leaf(vec!["attr.groups", "claims.roles", "[x, 'b']", "['a', 'b', 'a']", "[]"]),
        Sort::Truth => leaf(vec!["true", "has(attr.mail)", "x == y", "acr == null", "'a' in claims.roles"]),
        Sort::Number => leaf(vec!["now", "auth_time", "1", "size(claims.roles)", "size(x)", "9223372036854775807"]),
    };
    if levels == 0 {
        return leaves;
    }
    let (text, texts, truth, amount) = (of(Sort::Text), of(Sort::Texts), of(Sort::Truth), of(Sort::Number));
    let two = |a: &BoxedStrategy<String>, b: &BoxedStrategy<String>| (a.clone(), b.clone());
    let choice = (truth.clone(), of(sort), of(sort)).prop_map(|(c, a, b)| format!("({c} ? {a} : {b})"));
    let deeper = match sort {
        Sort::Text => prop_oneof![
            (text.clone(), prop::sample::select(vec!["lowerAscii", "upperAscii", "trim"]))
                .prop_map(|(a, f)| format!("{a}.{f}()")),
            two(&text, &text).prop_map(|(a, b)| format!("({a} + {b})")),
            (text.clone(), literal(), text.clone()).prop_map(|(a, l, b)| format!("{a}.replace({l}, {b})")),
            (text.clone(), number()).prop_map(|(a, n)| format!("{a}.substring({n})")),
            (text.clone(), literal(), number()).prop_map(|(a, l, n)| format!("{a}.split({l})[{n}]")),
            (texts.clone(), literal()).prop_map(|(l, s)| format!("{l}.join({s})")),
            (texts.clone(), number()).prop_map(|(l, n)| format!("{l}[{n}]")),
            amount.prop_map(|n| format!("string({n})")),
            text.clone().prop_map(|a| format!("dn({a}).cn")),
            (text, prop::sample::select(vec!["emailLocal", "emailDomain"])).prop_map(|(a, f)| format!("{f}({a})")),
        ]
        .boxed(),
        Sort::Texts => prop_oneof![
            (text.clone(), literal()).prop_map(|(a, l)| format!("{a}.split({l})")),
            two(&texts, &texts).prop_map(|(a, b)| format!("({a} + {b})")),
            two(&text, &text).prop_map(|(a, b)| format!("[{a}, {b}]")),
            (texts.clone(), prop::sample::select(vec!["x", "y"]), text.clone())
                .prop_map(|(l, v, a)| format!("{l}.map({v}, {a})")),
            (texts.clone(), prop::sample::select(vec!["x", "y"]), truth)
                .prop_map(|(l, v, b)| format!("{l}.filter({v}, {b})")),
            (texts, prop::sample::select(vec!["sort", "distinct"])).prop_map(|(l, f)| format!("{l}.{f}()")),
            text.prop_map(|a| format!("rdns({a}, 'ou')")),
        ]
        .boxed(),
        Sort::Truth => prop_oneof![
            (text.clone(), text.clone(), prop::sample::select(vec!["==", "!=", "<", ">="]))
                .prop_map(|(a, b, o)| format!("{a} {o} {b}")),
            (text.clone(), text.clone(), prop::sample::select(vec!["startsWith", "endsWith", "contains"]))
                .prop_map(|(a, b, f)| format!("{a}.{f}({b})")),
            (text.clone(), prop::sample::select(vec!["^a+$", "(a|b)*b", "é.{3}", "[^@]+@"]))
                .prop_map(|(a, p)| format!("{a}.matches('{p}')")),
            two(&text, &texts).prop_map(|(a, l)| format!("{a} in {l}")),
            (texts, prop::sample::select(vec!["all", "exists", "exists_one"]), truth.clone())
                .prop_map(|(l, f, b)| format!("{l}.{f}(x, {b})")),
            (truth.clone(), truth.clone(), prop::sample::select(vec!["&&", "||", "=="]))
                .prop_map(|(a, b, o)| format!("({a}) {o} ({b})")),
            truth.prop_map(|b| format!("!({b})")),
            text.prop_map(|a| format!("has(dn({a}).ou)")),
        ]
        .boxed(),
        Sort::Number => prop_oneof![
            texts.prop_map(|l| format!("size({l})")),
            text.clone().prop_map(|a| format!("{a}.size()")),
            text.prop_map(|a| format!("int({a})")),
            (amount.clone(), amount.clone(), prop::sample::select(vec!["+", "-", "*", "/", "%"]))
                .prop_map(|(a, b, o)| format!("({a} {o} {b})")),
            amount.prop_map(|a| format!("-({a})")),
        ]
        .boxed(),
    };
    prop_oneof![1 => leaves, 6 => deeper, 1 => choice].boxed()
}

/// With the loop around that gives `x` and `y` a meaning.
fn whole() -> impl Strategy<Value = String> {
    let sort = prop::sample::select(vec![Sort::Text, Sort::Texts, Sort::Truth, Sort::Number]);
    let around = prop::sample::select(vec![
        "claims.roles.map(x, ['a', 'b'].map(y, E))",
        "attr.groups.exists(x, [x].exists(y, [E] == []))",
        "[attr.upn].map(x, attr.groups.map(y, E))",
        "{'a': ['a'].map(x, [attr.mail].map(y, E)), 'b': dn(attr.upn)}",
        "[name_id].map(x, [attr.groups[0]].map(y, E))[0][0]",
    ]);
    (sort.prop_flat_map(|sort| expression(sort, 3)), around).prop_map(|(inside, around)| around.replace('E', &inside))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_passes_stays_within_its_cost(
        text in whole(),
        person in prop::sample::select(vec!["a", "@", "é", "a,", "CN=a+OU=b,", "aA@b.", " ", "1"]),
    ) {
        on_a_stack_of(2 << 20, move || check(&text, &Largest::of(person)));
    }
}
