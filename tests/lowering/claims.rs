//! What the lowering claims: of functions what its table of them says, of everything else what it is
//! found to prepare. Each candidate is prepared, functions too, and the table says of these what it does.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use googlesql_sqlite::claims::{self as table, Kind};
use onerow::googlesql::SqlType;

use super::edges::{self, TYPES, Tables};
use super::forms::{self, Form, Sort};
use super::ours::{Ours, Refusal};

/// The rows that a value is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Over {
    Row,
    Window,
    All,
}

/// A form that is claimed for operands of these types.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Claim {
    pub form: Form,
    pub types: Vec<SqlType>,
    pub over: Over,
}

impl Claim {
    /// The expression over columns of the table of edges.
    pub fn over_columns(&self) -> String {
        self.form.of(&operands(&self.types))
    }

    /// Whether the table of functions is to say it.
    pub fn is_of_function(&self) -> bool {
        matches!(self.form.sort, Sort::Function | Sort::Window)
    }

    /// Whether the answer depends on nothing but the rows: not on the time of day, and not on an
    /// order that the query leaves open.
    pub fn is_determined(&self) -> bool {
        let ordered = || {
            self.form.shape.contains("ORDER BY id")
                || self.form.part.is_some_and(|part| part.contains("ORDER BY id"))
        };
        match self.form.name.as_str() {
            "ANY_VALUE" => false,
            "FIRST_VALUE" | "LAST_VALUE" | "LAG" | "LEAD" | "ROW_NUMBER" | "STRING_AGG" => {
                ordered()
            }
            name => !name.starts_with("CURRENT_"),
        }
    }
}

/// A form that is not claimed for operands of these types, and why.
#[derive(Debug, Clone)]
pub struct Unclaimed {
    pub sql: String,
    pub why: Refusal,
}

#[derive(Default)]
pub struct Probed {
    pub claims: Vec<Claim>,
    pub unclaimed: Vec<Unclaimed>,
}

/// What the lowering claims, probed once.
pub fn probed() -> &'static Probed {
    static PROBED: LazyLock<Probed> = LazyLock::new(|| all(Depth::Usual));
    &PROBED
}

/// What the lowering claims, listed once.
pub fn claimed() -> &'static [Claim] {
    static CLAIMED: LazyLock<Vec<Claim>> = LazyLock::new(|| {
        let prepared = probed().claims.iter().filter(|claim| !claim.is_of_function());
        of_functions().into_iter().chain(prepared.cloned()).collect()
    });
    &CLAIMED
}

/// What the table of functions claims.
pub fn of_functions() -> Vec<Claim> {
    table::functions().into_iter().flat_map(|row| of_function(&row)).collect()
}

fn of_function(row: &table::Claim) -> Vec<Claim> {
    let (sort, over) = match row.kind {
        Kind::Scalar => (Sort::Function, Over::Row),
        Kind::Aggregate => (Sort::Function, Over::All),
        Kind::Window { .. } => (Sort::Window, Over::Window),
    };
    let (parts, shape) = match row.kind {
        Kind::Window { ordered, framed } => {
            (forms::windows_of(ordered, framed), format!("{} OVER part", row.shape))
        }
        _ => (row.parts.to_vec(), row.shape.clone()),
    };
    let parts: Vec<Option<&str>> = match parts.is_empty() {
        true => vec![None],
        false => parts.into_iter().map(Some).collect(),
    };
    let form = |part| Form { name: row.name.to_owned(), shape: shape.clone(), part, sort };
    let claims = parts.into_iter().flat_map(|part| {
        let types = row.operands.iter();
        types.map(move |types| Claim { form: form(part), types: types.clone(), over })
    });
    claims.collect()
}

/// The claims with one window for each function and its types, the one with this number or so many later.
pub fn one_window_each(claims: Vec<&Claim>, number: usize) -> Vec<&Claim> {
    let (mut windows, mut kept): (Vec<&Claim>, Vec<&Claim>) =
        claims.into_iter().partition(|claim| claim.form.sort == Sort::Window);
    windows.sort_by_key(|claim| (claim.form.shape.clone(), format!("{:?}", claim.types)));
    let alike = |a: &&Claim, b: &&Claim| (&a.form.shape, &a.types) == (&b.form.shape, &b.types);
    kept.extend(windows.chunk_by(alike).map(|windows| windows[number % windows.len()]));
    kept
}

/// How far to look.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Where an operand is refused beside NULLs, it is not tried beside anything else.
    Usual,
    /// Every tuple of types.
    Full,
}

pub fn operands(types: &[SqlType]) -> Vec<String> {
    types.iter().enumerate().map(|(copy, sql_type)| edges::column(*sql_type, copy)).collect()
}

pub fn query(expression: &str, over: Over, table: &str) -> String {
    let id = if over == Over::All { "" } else { "id, " };
    format!("SELECT {id}{expression} AS v FROM `{table}`")
}

/// Every form with operands of every type.
pub fn all(depth: Depth) -> Probed {
    let mut groups: Vec<Vec<Form>> = Vec::new();
    for name in forms::functions() {
        groups.extend(forms::calls(name));
        groups.extend(forms::windows(name));
    }
    groups.extend(forms::operators());
    groups.extend(forms::casts());
    let middle = groups.len().div_ceil(2);
    let halves = std::thread::scope(|threads| {
        let halves = groups.chunks(middle).map(|groups| threads.spawn(move || half(groups, depth)));
        let halves: Vec<_> = halves.collect();
        halves.into_iter().map(|half| half.join().unwrap()).collect::<Vec<_>>()
    });
    halves.into_iter().fold(Probed::default(), |mut all, half| {
        all.claims.extend(half.claims);
        all.unclaimed.extend(half.unclaimed);
        all
    })
}

fn half(groups: &[Vec<Form>], depth: Depth) -> Probed {
    let ours = Ours::with(&Tables::new(0, 0));
    let mut probed = Probed::default();
    for group in groups {
        for form in group {
            if let ControlFlow::Break(Hopeless::Name) =
                probed.extend(&ours, form, &mut Vec::new(), depth)
            {
                break;
            }
        }
    }
    probed
}

impl Probed {
    /// Tries the form with these operands and, where there are more to come, all that can follow.
    fn extend(
        &mut self,
        ours: &Ours,
        form: &Form,
        types: &mut Vec<SqlType>,
        depth: Depth,
    ) -> ControlFlow<Hopeless> {
        let complete = types.len() == form.arity();
        let skipped = !complete && (types.is_empty() || depth == Depth::Full);
        if !skipped {
            let mut operands = operands(types);
            operands.resize(form.arity(), "NULL".to_owned());
            match ask(ours, form, &form.of(&operands)) {
                Ok(over) if complete => {
                    let types = types.clone();
                    self.claims.push(Claim { form: form.clone(), types, over });
                }
                Ok(_) => {}
                Err((sql, why)) => {
                    let hopeless = hopeless(form, &why);
                    let about_these = about_these(form, types, &why);
                    self.unclaimed.push(Unclaimed { sql, why });
                    if let Some(hopeless) = hopeless {
                        return ControlFlow::Break(hopeless);
                    }
                    if complete || (about_these && depth == Depth::Usual) {
                        return ControlFlow::Continue(());
                    }
                }
            }
        }
        if !complete {
            for (sql_type, _) in TYPES {
                types.push(sql_type);
                let flow = self.extend(ours, form, types, depth);
                types.pop();
                flow?;
            }
        }
        ControlFlow::Continue(())
    }
}

/// The rows over which the expression is claimed.
fn ask(ours: &Ours, form: &Form, expression: &str) -> Result<Over, (String, Refusal)> {
    let over = if form.sort == Sort::Window { Over::Window } else { Over::Row };
    let plain = query(expression, over, edges::TABLE);
    match ours.prepare(&plain) {
        Ok(()) => Ok(over),
        Err(Refusal::Refused(text)) if text.contains("neither grouped nor aggregated") => {
            let sql = query(expression, Over::All, edges::TABLE);
            ours.prepare(&sql).map(|()| Over::All).map_err(|why| (sql, why))
        }
        Err(why) => Err((plain, why)),
    }
}

/// What an error is about, so that other types are no use.
enum Hopeless {
    /// The function's name, however it is called.
    Name,
    /// This shape of a call.
    Shape,
}

fn hopeless(form: &Form, why: &Refusal) -> Option<Hopeless> {
    let (text, name) = (why.text(), &form.name);
    let unknown = [
        format!("does not know the function {name} with "),
        format!("does not know the window function {name} with "),
        "in a function that is not an aggregate".to_owned(),
        "does not know * as an argument".to_owned(),
    ];
    if form.sort != Sort::Operator && unknown.iter().any(|words| text.contains(words)) {
        return Some(Hopeless::Name);
    }
    let counted = text.contains(" arguments") && !text.contains("these arguments");
    let about_the_shape = [
        "without INTERVAL",
        "the date part `NULL`",
        "outside of DATE_ADD",
        "TRIM with FROM",
        "the operator `",
        "takes no window frame",
        "ORDER BY in its window",
    ];
    let shape = counted
        || matches!(why, Refusal::Unreadable(_))
        || about_the_shape.iter().any(|words| text.contains(words));
    shape.then_some(Hopeless::Shape)
}

/// Whether the error is about the operands that there are, and not about the NULLs beside them.
fn about_these(form: &Form, types: &[SqlType], why: &Refusal) -> bool {
    let last = types.last().map(|last| format!("{} of {last};", form.name));
    let text = why.text();
    // What the elements of an array are is not known before the last of them.
    let open = form.shape.contains("UNNEST");
    (text.contains(" must be ") && !open)
        || text.contains(" together")
        || last.is_some_and(|words| form.sort == Sort::Function && text.contains(&words))
}
