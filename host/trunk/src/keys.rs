//! Which keys of a settings file are known, which are honoured, and what to say of the others.

use serde_json::Value;

use crate::nearest::nearest;

/// What happens with a key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Treatment {
    /// It is read, or is of no importance for a development server.
    Honoured,
    /// It is not, for this reason.
    Not(&'static str),
    /// It is not, for this reason, unless it has one of these values, in JSON: they say what happens anyway.
    Unless(&'static [&'static str], &'static str),
}

/// A key with the keys of its tables before it: `build.target`. Keys of the tables in an array have no number.
pub(crate) type Key = (&'static str, Treatment);

/// The known keys of a settings file.
pub(crate) struct Keys {
    /// Whose keys they are, for messages: `Trunk`.
    pub(crate) owner: &'static str,
    /// The keys.
    pub(crate) known: &'static [Key],
}

impl Keys {
    /// What `values` says that is not honoured, in one sentence each.
    pub(crate) fn notes(&self, values: &Value) -> Vec<String> {
        let mut notes = Vec::new();
        self.check("", values, &mut notes);
        notes
    }

    fn check(&self, path: &str, value: &Value, notes: &mut Vec<String>) {
        let note = match self.known.iter().find(|(known, _)| *known == path) {
            Some((_, Treatment::Honoured)) => return,
            Some((_, Treatment::Not(why))) => format!("`{path}` is not honoured: {why}"),
            Some((_, Treatment::Unless(values, why))) => {
                let text = value.to_string();
                if values.contains(&text.as_str()) {
                    return;
                }
                format!("`{path}` is not honoured: {why}")
            }
            None if path.is_empty() || self.children(path).next().is_some() => {
                return self.check_table(path, value, notes);
            }
            None => self.unknown(path),
        };
        // Tables of an array often have the same keys.
        if !notes.contains(&note) {
            notes.push(note);
        }
    }

    fn check_table(&self, path: &str, value: &Value, notes: &mut Vec<String>) {
        match value {
            Value::Object(values) => {
                for (key, value) in values {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    self.check(&path, value, notes);
                }
            }
            Value::Array(tables) => {
                for table in tables {
                    self.check_table(path, table, notes);
                }
            }
            _ => {}
        }
    }

    fn unknown(&self, path: &str) -> String {
        let (table, key) = path.rsplit_once('.').unwrap_or(("", path));
        let hint = match nearest(key, self.children(table)) {
            Some(near) => format!("; did you mean `{near}`?"),
            None => String::new(),
        };
        format!("`{path}` is not a key of {}{hint}", self.owner)
    }

    /// The names of the known keys and tables in a table.
    fn children<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'static str> + 'a {
        self.known.iter().filter_map(move |(path, _)| {
            let rest = match table {
                "" => path,
                table => path.strip_prefix(table)?.strip_prefix('.')?,
            };
            rest.split('.').next()
        })
    }
}
