//! A block whose keys name other blocks, through the configuration's own reader.

use schemars::JsonSchema;
use serde::Deserialize;

use super::*;
use crate::blocks::block_type::{AnyBlockType, BlockRef, BlockType, CompileContext, Defaults};
use crate::blocks::draft::{Addressing, Draft};
use crate::blocks::keys;
use crate::blocks::types::TYPES;
use crate::blocks::types::registry::RegistryBlock;
use crate::config::{self, Block, Loaded};
use crate::diagnostic::Diagnostic;
use crate::graph::Graph;
use crate::resource::Address;

/// `[mirror.NAME]`: an object that says where a registry is, and one file that is called like its host.
struct MirrorBlock;

/// A mirror of a registry.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct MirrorSpec {
    /// The registry.
    of: BlockRef<RegistryBlock>,
    /// The mirrors that must be there before.
    #[serde(default)]
    after: Vec<BlockRef<MirrorBlock>>,
}

impl MirrorSpec {
    /// The host of the registry, as its own block says it.
    fn host<'a>(&self, context: &CompileContext<'a>) -> Option<&'a str> {
        Some(context.spec(&self.of)?.host())
    }
}

impl BlockType for MirrorBlock {
    const KIND: &'static str = "mirror";
    type Keys = MirrorSpec;
    type Spec = MirrorSpec;

    fn read(
        &self,
        block: &Block,
        _defaults: Defaults<'_>,
        mistakes: &mut Vec<Diagnostic>,
    ) -> Option<MirrorSpec> {
        keys::read(block, mistakes)
    }

    fn needs(&self, _block: &Block, spec: &MirrorSpec, context: &CompileContext<'_>) -> Vec<Need> {
        let file = spec.host(context).map(|host| Need::File(format!("/mirrors/{host}").into()));
        file.into_iter().collect()
    }

    fn compile(
        &self,
        block: &Block,
        spec: &MirrorSpec,
        context: &CompileContext<'_>,
        _mistakes: &mut Vec<Diagnostic>,
    ) -> Vec<Draft> {
        let Some(host) = spec.host(context) else { return Vec::new() };
        let before: Vec<bool> = spec.after.iter().map(|other| context.spec(other).is_some()).collect();
        let object = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": block.address.name},
            "data": {"upstream": format!("https://{host}"), "mirrors": before.len().to_string()},
        });
        vec![Draft::new(block, object, Addressing::AsBlock, context.defaults.namespace)]
    }
}

const HEAD: &str = "[project]\nname = 'test'\n";
const REGISTRY: &str = "[registry.main]\nhost = 'registry.example.com'\nimage = 'registry:3.1.1'\n\
                        auth.anonymous = true\nstorage.volume.size = '1Gi'\n";

fn types() -> Vec<&'static dyn AnyBlockType> {
    TYPES.iter().copied().chain([&MirrorBlock as &dyn AnyBlockType]).collect()
}

/// Reads a file with these blocks.
fn load(blocks: &str) -> Loaded {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("regplan.toml"), format!("{HEAD}{blocks}")).unwrap();
    let inputs = config::Inputs {
        files: &[],
        vars: &[],
        var_files: &[],
        env: &|_| None,
        base: folder.path(),
        sensitive_may_be_unset: true,
    };
    let schemas: Vec<BlockSchema> = types().iter().map(|block_type| block_type.schema()).collect();
    config::load(&inputs, &schemas)
}

fn sound(blocks: &str) -> Config {
    load(blocks).outcome.unwrap_or_else(|mistakes| panic!("{mistakes}")).0
}

/// The graph of these blocks, or what is wrong with it.
fn graph(blocks: &str) -> Result<Graph, Diagnostics> {
    let config = sound(blocks);
    let compiled = Blocks::read_as(&types(), &config).compile(&Facts::default());
    Graph::build(flawless(compiled).unwrap_or_else(|mistakes| panic!("{mistakes}")).resources)
}

/// Each mistake with the text of its places, in lines.
fn described(mistakes: &Diagnostics, text: &str) -> String {
    let mut shown = String::new();
    for mistake in mistakes.iter() {
        writeln!(shown, "{}: {}", mistake.code, mistake.message).unwrap();
        for label in &mistake.labels {
            writeln!(shown, "  at `{}` {}", &text[label.span.start..label.span.end], label.text).unwrap();
        }
        writeln!(shown, "  help: {}", mistake.help.as_deref().unwrap_or_default()).unwrap();
    }
    shown
}

#[test]
fn a_block_sees_what_another_one_says() {
    // In either order: every block is read before the first one is asked.
    for text in [
        format!("{REGISTRY}[mirror.one]\nof = 'registry.main'\n"),
        format!("[mirror.one]\nof = 'registry.main'\n{REGISTRY}"),
    ] {
        let config = sound(&text);
        let blocks = Blocks::read_as(&types(), &config);
        // What a block must know may depend on it as well.
        let file = Need::File("/mirrors/registry.example.com".into());
        assert!(blocks.needs(&Facts::default()).contains(&file));
        let alone = [config.blocks.iter().find(|block| block.address.kind == "mirror").unwrap()];
        let alone = alone.map(|block| block.address.clone()).into();
        assert_eq!(blocks.needs_of(&alone, &Facts::default()), [file]);

        let compiled = flawless(blocks.compile(&Facts::default())).unwrap();
        let mirror = object(&compiled.resources, "mirror.one");
        assert_eq!(mirror.object["data"]["upstream"], "https://registry.example.com");
    }
}

#[test]
fn a_block_waits_for_the_blocks_that_it_names() {
    let text = format!(
        "{REGISTRY}[mirror.one]\nof = 'registry.main'\n\
         [mirror.two]\nof = 'registry.main'\nafter = ['mirror.one']\n"
    );
    let graph = graph(&text).unwrap();
    let one: Address = "mirror.one".parse().unwrap();
    let deployment: Address = "registry.main/Deployment/registry".parse().unwrap();
    assert!(graph.dependencies_of(&one).contains(&&deployment));
    let two: Address = "mirror.two".parse().unwrap();
    assert!(graph.dependencies_of(&two).contains(&&one));
}

#[test]
fn a_name_that_leads_to_no_block_of_the_type_is_a_mistake() {
    let text = format!(
        "{REGISTRY}[mirror.one]\nof = 'registry.mian'\n\
         [mirror.two]\nof = 'mirror.one'\n\
         [mirror.three]\nof = 'registry.main/Service/registry'\n\
         [mirror.four]\nof = 'registry.main'\nafter = ['mirror.two', 'mirror.four']\n\
         [mirror.five]\nof = '${{registry.main/Service/registry.spec.clusterIP}}'\n\
         [mirror.six]\nof = 3\n"
    );
    let mistakes = load(&text).outcome.unwrap_err();
    insta::assert_snapshot!(described(&mistakes, &format!("{HEAD}{text}")), @r#"
    unknown-reference: there is no block `registry.mian`
      at `'registry.mian'` 
      help: did you mean `registry.main`?
    wrong-type: `mirror.two.of` takes a block of the type `registry`, and `mirror.one` is none
      at `'mirror.one'` 
      help: known: `registry.main`
    bad-reference: `registry.main/Service/registry` is not an address: the name of a block has neither dot nor slash
      at `'registry.main/Service/registry'` 
      help: write `registry.NAME`, without `${}`
    reference-cycle: `mirror.four.after[1]` names its own block
      at `'mirror.four'` 
      help: name another block
    not-known-yet: `mirror.five.of` must be known before anything is planned, and `${registry.main/Service/registry.spec.clusterIP}` is read from the cluster
      at `'${registry.main/Service/registry.spec.clusterIP}'` 
      help: write the value, or a variable
    wrong-type: `mirror.six.of` must be text, not a whole number
      at `3` expected text
      help: write it in quotes: `"3"`
    "#);
}

#[test]
fn names_may_come_from_variables() {
    let text =
        format!("{REGISTRY}[variable.r]\ndefault = 'registry.main'\n[mirror.one]\nof = '${{var.r}}'\n");
    assert!(graph(&text).is_ok());
}

#[test]
fn blocks_that_name_each_other_are_refused_with_each_edge() {
    let text = format!(
        "{REGISTRY}[mirror.one]\nof = 'registry.main'\nafter = ['mirror.three']\n\
         [mirror.two]\nof = 'registry.main'\nafter = ['mirror.one']\n\
         [mirror.three]\nof = 'registry.main'\ndepends_on = ['mirror.two']\n"
    );
    let mistakes = graph(&text).unwrap_err();
    insta::assert_snapshot!(described(&mistakes, &format!("{HEAD}{text}")), @r"
    dependency-cycle: these wait for each other: mirror.one → mirror.three → mirror.two → mirror.one
      at `'mirror.three'` `mirror.one` depends on `mirror.three`
      at `'mirror.two'` `mirror.three` depends on `mirror.two`
      at `'mirror.one'` `mirror.two` depends on `mirror.one`
      help: nothing could ever be first: remove one of these dependencies
    ");
}

#[test]
fn a_block_whose_named_block_has_a_mistake_is_left_out_without_another() {
    let broken = REGISTRY.replace("image = 'registry:3.1.1'\n", "");
    let loaded = load(&format!("{broken}[mirror.one]\nof = 'registry.main'\n"));
    let codes: Vec<_> = loaded.outcome.unwrap_err().iter().map(|mistake| mistake.code).collect();
    assert_eq!(codes, [config::codes::MISSING_KEY]);
    let sound = loaded.sound.unwrap();
    let compiled = flawless(Blocks::read_as(&types(), &sound).compile(&Facts::default())).unwrap();
    assert_eq!(compiled.resources.len(), 0);
}
