//! The modules of the crate import downwards only.

use std::{
    fs,
    path::{Path, PathBuf},
};

use syn::{ItemUse, UseTree, visit::Visit};

/// From the bottom to the top. Modules of one layer know nothing of one another.
const LAYERS: &[&[&str]] = &[
    &["protocol", "verdict", "words"],
    &["subject"],
    &["trial"],
    &["rules"],
    &["engine"],
    &["report"],
    &["cli"],
];

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// Collects the modules at the root of this crate that a file names.
#[derive(Default)]
struct Named(Vec<String>);

impl Named {
    fn first_of(&mut self, tree: &UseTree) {
        match tree {
            UseTree::Path(path) => self.0.push(path.ident.to_string()),
            UseTree::Name(name) => self.0.push(name.ident.to_string()),
            UseTree::Group(group) => group.items.iter().for_each(|tree| self.first_of(tree)),
            UseTree::Rename(rename) => self.0.push(rename.ident.to_string()),
            UseTree::Glob(_) => {}
        }
    }
}

impl Visit<'_> for Named {
    fn visit_item_use(&mut self, item: &ItemUse) {
        if let UseTree::Path(path) = &item.tree
            && path.ident == "crate"
        {
            self.first_of(&path.tree);
        }
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let mut segments = path.segments.iter().map(|segment| segment.ident.to_string());
        if segments.next().as_deref() == Some("crate") {
            self.0.extend(segments.next());
        }
    }
}

fn rust_files(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let below = entries.flat_map(|entry| rust_files(&entry.path()));
    let own = path.extension().is_some_and(|extension| extension == "rs").then(|| path.to_owned());
    own.into_iter().chain(below).collect()
}

#[test]
fn modules_import_downwards_only() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let (mut seen, mut wrong) = (0, Vec::new());
    for (height, modules) in LAYERS.iter().enumerate() {
        for module in *modules {
            let folder = rust_files(&root.join(module)).into_iter();
            for file in
                folder.chain([root.join(format!("{module}.rs"))].into_iter().filter(|file| file.exists()))
            {
                let mut named = Named::default();
                named.visit_file(&syn::parse_file(&fs::read_to_string(&file).unwrap()).unwrap());
                for other in named.0 {
                    seen += usize::from(layer(&other).is_some());
                    if layer(&other).is_some_and(|other| other >= height) && other != *module {
                        wrong.push(format!("{} names crate::{other}", file.display()));
                    }
                }
            }
        }
    }
    let modules: Vec<String> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| !["lib", "main", "mistakes"].contains(&name.as_str()))
        .collect();
    assert!(modules.iter().all(|module| layer(module).is_some()), "{modules:?}");
    assert!(seen > 60, "only {seen} imports were found");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
