//! Random queries: joins, groups, windows, set operations, subqueries, WITH. None leaves anything
//! open but the order of its rows.

use onerow::googlesql::SqlType;

use super::claims::Over;
use super::edges;
use super::grammar::{Grammar, Names, any_type, columns_of};

pub struct Queries<'g, 'a> {
    pub grammar: &'g Grammar<'a>,
    pub random: fastrand::Rng,
}

/// What stands after FROM, and what it brings.
struct From {
    sql: String,
    names: Vec<(String, SqlType)>,
}

impl Queries<'_, '_> {
    /// A query.
    pub fn query(&mut self) -> String {
        match self.random.u8(..8) {
            0 => self.windowed(),
            1 | 2 => self.grouped(),
            3 => self.ordered(),
            4 => self.set_operation(),
            5 => self.with(),
            _ => {
                let types = self.types();
                self.plain(&types)
            }
        }
    }

    fn types(&mut self) -> Vec<SqlType> {
        (0..self.random.usize(1..4)).map(|_| any_type(&mut self.random)).collect()
    }

    /// Types of which groups can be.
    fn key_type(&mut self) -> SqlType {
        std::iter::repeat_with(|| any_type(&mut self.random))
            .find(|sql_type| sql_type.can_be_key())
            .unwrap_or(SqlType::Int64)
    }

    fn expression(&mut self, sql_type: SqlType, depth: usize, names: &Names) -> String {
        self.grammar.expression(&mut self.random, sql_type, depth, names).sql
    }

    fn items(&mut self, types: &[SqlType], depth: usize, names: &Names) -> String {
        let items: Vec<String> = types
            .iter()
            .enumerate()
            .map(|(i, t)| format!("{} AS c{i}", self.expression(*t, depth, names)))
            .collect();
        items.join(", ")
    }

    fn plain(&mut self, types: &[SqlType]) -> String {
        let from = self.from();
        let distinct = if self.random.u8(..4) == 0 { "DISTINCT " } else { "" };
        let items = self.items(types, 2, &from.names);
        let condition = self.condition(&from.names);
        format!("SELECT {distinct}{items} FROM {} WHERE {condition}", from.sql)
    }

    fn table(&mut self) -> &'static str {
        if self.random.u8(..4) == 0 { edges::TABLE } else { edges::CALM }
    }

    fn one(&mut self, alias: &str) -> From {
        if self.random.u8(..4) > 0 {
            let table = self.table();
            return From { sql: format!("`{table}` AS {alias}"), names: columns_of(alias) };
        }
        let types = [SqlType::Int64, SqlType::String, any_type(&mut self.random)];
        let table = self.table();
        let items = self.items(&types, 1, &columns_of("t"));
        let names = types.iter().enumerate().map(|(i, t)| (format!("{alias}.c{i}"), *t)).collect();
        From { sql: format!("(SELECT {items} FROM `{table}` AS t) AS {alias}"), names }
    }

    fn from(&mut self) -> From {
        let mut from = self.one("a");
        if self.random.u8(..3) > 0 {
            return from;
        }
        let other = self.one("b");
        let pick = |random: &mut fastrand::Rng, from: &From, wanted: SqlType| {
            let known: Vec<&String> =
                from.names.iter().filter(|(_, t)| *t == wanted).map(|(name, _)| name).collect();
            known[random.usize(..known.len())].clone()
        };
        let sql_type = if self.random.bool() { SqlType::Int64 } else { SqlType::String };
        let (left, right) =
            (pick(&mut self.random, &from, sql_type), pick(&mut self.random, &other, sql_type));
        from.names.extend(other.names);
        let also = match self.random.u8(..3) {
            0 => format!(" AND {}", self.expression(SqlType::Bool, 1, &from.names)),
            _ => String::new(),
        };
        let join = if self.random.bool() { "JOIN" } else { "LEFT JOIN" };
        from.sql = format!("{} {join} {} ON {left} = {right}{also}", from.sql, other.sql);
        from
    }

    /// A condition, which may hold a subquery over columns of the query around it.
    fn condition(&mut self, names: &Names) -> String {
        let table = self.table();
        let mut inner = columns_of("z");
        inner.extend_from_slice(names);
        match self.random.u8(..8) {
            0 => "TRUE".to_owned(),
            1 => {
                let condition = self.expression(SqlType::Bool, 1, &inner);
                let not = if self.random.bool() { "NOT " } else { "" };
                format!("{not}EXISTS (SELECT 1 FROM `{table}` AS z WHERE z.id < 9 AND {condition})")
            }
            2 => {
                let sql_type = any_type(&mut self.random);
                let operand = self.expression(sql_type, 1, names);
                let item = self.expression(sql_type, 1, &columns_of("z"));
                let not = if self.random.bool() { "NOT " } else { "" };
                format!("{operand} {not}IN (SELECT {item} FROM `{table}` AS z WHERE z.id < 9)")
            }
            3 => {
                let name = self.expression(SqlType::Int64, 0, names);
                let condition = self.expression(SqlType::Bool, 1, &columns_of("z"));
                format!(
                    "{name} < (SELECT MAX(z.i1) FROM `{table}` AS z WHERE {condition} AND z.i2 >= {name})"
                )
            }
            _ => self.expression(SqlType::Bool, 2, names),
        }
    }

    fn grouped(&mut self) -> String {
        let from = self.from();
        let single = !from.sql.contains("JOIN") && from.sql.starts_with('`');
        let mut items = Vec::new();
        let mut after = Vec::new();
        for i in 0..self.random.usize(1..3) {
            let sql_type = self.key_type();
            let known: Vec<&String> =
                from.names.iter().filter(|(_, t)| *t == sql_type).map(|(name, _)| name).collect();
            let Some(name) = (!known.is_empty()).then(|| known[self.random.usize(..known.len())])
            else {
                continue;
            };
            items.push(format!("{name} AS k{i}"));
            after.push((name.clone(), sql_type));
        }
        let keys: Vec<String> = match self.random.bool() {
            true => (1..=items.len()).map(|i| i.to_string()).collect(),
            false => after.iter().map(|(name, _)| name.clone()).collect(),
        };
        for i in 0..self.random.usize(1..3) {
            let sql_type = any_type(&mut self.random);
            let Some(claim) = self.grammar.claim(&mut self.random, Over::All, sql_type) else {
                continue;
            };
            if !single && claim.form.shape.contains("BY id") {
                continue;
            }
            let operands: Vec<String> =
                claim.types.iter().map(|t| self.expression(*t, 1, &from.names)).collect();
            let aggregate = claim.form.of(&operands);
            items.push(format!("{aggregate} AS n{i}"));
            after.push((aggregate, sql_type));
        }
        items.push("COUNT(*) AS rows_there".to_owned());
        let group =
            if keys.is_empty() { String::new() } else { format!(" GROUP BY {}", keys.join(", ")) };
        let condition = self.condition(&from.names);
        let mut having = "COUNT(*) > 1".to_owned();
        if self.random.bool() {
            after.push(("COUNT(*)".to_owned(), SqlType::Int64));
            let sql_type = any_type(&mut self.random);
            items.push(format!("{} AS more", self.expression(sql_type, 1, &after)));
            having = self.expression(SqlType::Bool, 1, &after);
        }
        let having = if self.random.bool() { format!(" HAVING {having}") } else { String::new() };
        format!("SELECT {} FROM {} WHERE {condition}{group}{having}", items.join(", "), from.sql)
    }

    fn windowed(&mut self) -> String {
        let table = self.table();
        let names = columns_of("a");
        let sql_type = any_type(&mut self.random);
        let claim = self.grammar.claim(&mut self.random, Over::Window, sql_type);
        let known: Vec<&String> =
            names.iter().filter(|(_, t)| *t == sql_type).map(|(name, _)| name).collect();
        let window = match claim {
            _ if self.random.u8(..4) == 0 && !known.is_empty() => format!(
                "FIRST_VALUE({} IGNORE NULLS) OVER (PARTITION BY i1 ORDER BY s1, id DESC{})",
                known[self.random.usize(..known.len())],
                [
                    "",
                    " ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING",
                    " ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING",
                ][self.random.usize(..3)]
            ),
            Some(claim) => {
                let operands: Vec<String> =
                    claim.types.iter().map(|t| self.expression(*t, 1, &names)).collect();
                claim.form.of(&operands)
            }
            None => "COUNT(*) OVER (PARTITION BY o1)".to_owned(),
        };
        let condition = self.condition(&names);
        let qualify = match self.random.u8(..3) {
            0 => "ROW_NUMBER() OVER (PARTITION BY i1 ORDER BY id DESC) = 1".to_owned(),
            1 => self.expression(SqlType::Bool, 1, &[("w".to_owned(), sql_type)]),
            _ => "TRUE".to_owned(),
        };
        let query = format!(
            "SELECT a.id, {window} AS w FROM `{table}` AS a WHERE {condition} QUALIFY {qualify} \
             AND RANK() OVER (ORDER BY id) > 0"
        );
        if self.random.u8(..4) > 0 {
            return query;
        }
        let of_both = [("w".to_owned(), sql_type), ("id".to_owned(), SqlType::Int64)];
        let (number, value) =
            (self.expression(SqlType::Int64, 1, &of_both), self.expression(sql_type, 1, &of_both));
        format!("SELECT * REPLACE ({value} AS w, {number} AS id) FROM ({query})")
    }

    fn ordered(&mut self) -> String {
        let table = self.table();
        let names = columns_of("a");
        let sql_type = any_type(&mut self.random);
        let key = self.expression(sql_type, 2, &names);
        let direction =
            ["", " DESC", " ASC NULLS LAST", " DESC NULLS FIRST"][self.random.usize(..4)];
        let condition = self.condition(&names);
        let (limit, offset) = (self.random.u8(1..20), self.random.u8(..5));
        format!(
            "SELECT a.id, {key} AS c0 FROM `{table}` AS a WHERE {condition} \
             ORDER BY {key}{direction}, a.id LIMIT {limit} OFFSET {offset}"
        )
    }

    fn set_operation(&mut self) -> String {
        let types: Vec<SqlType> = (0..self.random.usize(1..3)).map(|_| self.key_type()).collect();
        let operation = ["UNION ALL", "UNION DISTINCT", "INTERSECT DISTINCT", "EXCEPT DISTINCT"];
        let operation = operation[self.random.usize(..4)];
        format!("{} {operation} {}", self.plain(&types), self.plain(&types))
    }

    fn with(&mut self) -> String {
        let types = [SqlType::Int64, any_type(&mut self.random)];
        let inner = self.plain(&types);
        let names = [("t.c0".to_owned(), types[0]), ("u.c1".to_owned(), types[1])];
        let items = self.items(&types, 1, &names);
        format!("WITH w AS ({inner}) SELECT {items} FROM w AS t LEFT JOIN w AS u ON t.c0 = u.c0")
    }
}
