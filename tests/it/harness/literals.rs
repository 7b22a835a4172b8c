//! The texts in the source of the program, each with where it stands: what messages are made of.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

/// A string in the program; those of its tests are left out, and so are comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Literal {
    /// The file, from `src/` on: `cli/plan.rs`.
    pub(crate) file: String,
    /// Its line.
    pub(crate) line: usize,
    /// The function or method that it stands in, or the name of the constant; empty outside of both.
    pub(crate) function: String,
    /// The macro (`format!`), function (`Problem::new`), method (`.help`) or attribute (`#[error]`) that it is
    /// passed to; empty where it is passed to none.
    pub(crate) passed_to: String,
    /// The text, without the quotes; in a macro with its placeholders.
    pub(crate) text: String,
}

/// All strings of the program, by file and line.
pub(crate) fn literals() -> Vec<Literal> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    files.sort();
    let mut found = Vec::new();
    for file in files.iter().filter(|file| !is_of_tests(file)) {
        let name = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
        found.extend(literals_of(&name, &fs::read_to_string(file).unwrap()));
    }
    found
}

/// The strings of one file.
pub(crate) fn literals_of(file: &str, source: &str) -> Vec<Literal> {
    let mut collector = Collector { file, functions: Vec::new(), passed_to: Vec::new(), found: Vec::new() };
    collector.visit_file(&syn::parse_file(source).unwrap());
    collector.found
}

/// The Rust files of a folder and of those in it.
pub(crate) fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Whether a file is part of the tests of its room, which may use anything.
pub(crate) fn is_of_tests(path: &Path) -> bool {
    path.components().any(|part| {
        let name = part.as_os_str().to_string_lossy();
        ["tests", "tests.rs", "testing.rs", "test_support.rs", "sample.rs"].contains(&name.as_ref())
            || name.ends_with("_tests.rs")
    })
}

/// Walks through one file.
struct Collector<'f> {
    file: &'f str,
    /// The functions and constants around the place, the innermost last.
    functions: Vec<String>,
    /// What is called around the place, the innermost last.
    passed_to: Vec<String>,
    found: Vec<Literal>,
}

impl Collector<'_> {
    fn keep(&mut self, text: String, line: usize) {
        let (file, function) = (self.file.to_owned(), self.functions.last().cloned().unwrap_or_default());
        let passed_to = self.passed_to.last().cloned().unwrap_or_default();
        self.found.push(Literal { file, line, function, passed_to, text });
    }

    /// The strings among the tokens of a macro or an attribute.
    fn tokens(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Literal(literal) => {
                    let line = literal.span().start().line;
                    if let syn::Lit::Str(text) = syn::Lit::new(literal) {
                        self.keep(text.value(), line);
                    }
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) => {}
            }
        }
    }

    fn inside(&mut self, function: String, walk: impl FnOnce(&mut Self)) {
        self.functions.push(function);
        walk(self);
        self.functions.pop();
    }

    fn passing(&mut self, to: String, walk: impl FnOnce(&mut Self)) {
        self.passed_to.push(to);
        walk(self);
        self.passed_to.pop();
    }
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_only_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.inside(item.sig.ident.to_string(), |inside| visit::visit_item_fn(inside, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !is_only_for_tests(&item.attrs) {
            self.inside(item.sig.ident.to_string(), |inside| visit::visit_impl_item_fn(inside, item));
        }
    }

    fn visit_item_const(&mut self, item: &'ast syn::ItemConst) {
        self.inside(item.ident.to_string(), |inside| visit::visit_item_const(inside, item));
    }

    fn visit_item_static(&mut self, item: &'ast syn::ItemStatic) {
        self.inside(item.ident.to_string(), |inside| visit::visit_item_static(inside, item));
    }

    fn visit_expr_call(&mut self, call: &'ast syn::ExprCall) {
        self.visit_expr(&call.func);
        let name = match call.func.as_ref() {
            syn::Expr::Path(path) => path_name(&path.path),
            _ => String::new(),
        };
        self.passing(name, |inside| call.args.iter().for_each(|argument| inside.visit_expr(argument)));
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        self.visit_expr(&call.receiver);
        let name = format!(".{}", call.method);
        self.passing(name, |inside| call.args.iter().for_each(|argument| inside.visit_expr(argument)));
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let name = format!("{}!", path_name(&called.path));
        self.passing(name, |inside| inside.tokens(called.tokens.clone()));
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        let name = path_name(attribute.path());
        if ["doc", "expect", "allow", "cfg", "cfg_attr"].contains(&name.as_str()) {
            return;
        }
        if let syn::Meta::List(list) = &attribute.meta {
            self.passing(format!("#[{name}]"), |inside| inside.tokens(list.tokens.clone()));
        }
    }

    fn visit_lit_str(&mut self, text: &'ast syn::LitStr) {
        self.keep(text.value(), text.span().start().line);
    }
}

fn is_only_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::NameValue(_) => false,
    })
}

/// `Problem::new`: the last two parts of a path.
fn path_name(path: &syn::Path) -> String {
    let parts: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
    parts[parts.len().saturating_sub(2)..].join("::")
}
