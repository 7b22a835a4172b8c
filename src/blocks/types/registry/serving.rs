//! Which controller serves the Ingress of a registry, as far as it is known.
//!
//! What the block names wins. Then the class tells it, as it is in the cluster or as this configuration makes it. Where neither is
//! known, the name of the class is the guess that is left.

use super::options::Ingress;
use super::spec::RegistrySpec;
use super::way::Way;
use crate::blocks::block_type::CompileContext;
use crate::blocks::facts::{Fact, Facts, LiveObject, Need};
use crate::blocks::ingress_controllers::Controller;
use crate::blocks::types::chart::ChartBlock;
use crate::kubernetes::class_controllers::Redirect;
use crate::kubernetes::field_manager::is_ours;
use crate::kubernetes::ingress_classes::{CLASS_ANNOTATION, IngressClass, default_class, with_declared};
use crate::resource::{FieldPath, Identity, Target};

/// What is known of the class of an Ingress.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Nothing was asked: there is no cluster in this run, or nothing to ask it.
    Unasked,
    /// Nobody wants to know: the Ingress is deleted, whoever serves it, or the plan is not about it.
    NotWanted,
    /// The cluster was asked and did not tell.
    Unread {
        /// The reason.
        why: String,
        /// The name of the class that the server has given to the Ingress, where the block names none.
        given: Option<String>,
    },
    /// There is none of this name, or no default one where nothing names one.
    Missing(Option<String>),
    /// It is there, or this configuration makes it.
    Known(IngressClass),
}

/// Who serves an Ingress.
pub(super) struct Serving<'a> {
    ingress: &'a Ingress,
    pub(super) class: Class,
    /// The controllers that this configuration installs itself.
    installed: Vec<Controller>,
}

impl<'a> Serving<'a> {
    /// Who serves the Ingress of this registry; `None` where it has none.
    pub(super) fn of(spec: &'a RegistrySpec, context: &CompileContext<'_>) -> Option<Self> {
        let Way::Ingress(ingress) = spec.way() else { return None };
        let charts = context.specs::<ChartBlock>();
        let installed = charts.filter_map(|(_, chart)| chart.installs).collect();
        Some(Self { ingress, class: class(spec, ingress, context), installed })
    }

    /// The controller that serves it, as far as it is known.
    pub(super) fn controller(&self) -> Option<Controller> {
        self.ingress.controller.or_else(|| self.told()).or_else(|| self.assumed())
    }

    /// Whether this configuration installs that controller of this class itself, with values that fit a registry.
    pub(super) fn installs(&self, controller: Controller) -> bool {
        self.installed.contains(&controller) && self.class_name() == controller.usual_class()
    }

    /// The controller that is assumed where neither the block nor the class tells it.
    fn assumed(&self) -> Option<Controller> {
        match self.guessed_by() {
            Some(name) => Controller::of_class(name),
            None => Some(Controller::IngressNginx),
        }
    }

    /// The name of the class by which the controller is guessed; `None` where it is a guess at the default one.
    pub(super) fn guessed_by(&self) -> Option<&str> {
        match &self.class {
            Class::Unread { given: Some(name), .. } | Class::Missing(Some(name)) => Some(name),
            _ => self.named(),
        }
    }

    /// The class that the block names.
    pub(super) fn named(&self) -> Option<&'a str> {
        named_class(self.ingress)
    }

    /// The key by which the block names it.
    pub(super) fn key(&self) -> &'static [&'static str] {
        match (&self.ingress.class, self.named()) {
            (None, Some(_)) => &["ingress", "annotations", CLASS_ANNOTATION],
            (None, None) => &["ingress"],
            (Some(_), _) => &["ingress", "class"],
        }
    }

    /// The controller of which the class tells, if it is known.
    pub(super) fn told(&self) -> Option<Controller> {
        match &self.class {
            Class::Known(class) => Controller::called(&class.controller),
            Class::Unasked | Class::NotWanted | Class::Unread { .. } | Class::Missing(_) => None,
        }
    }

    /// How the controller sends plain HTTP on to HTTPS, where annotations of the Ingress do not do that; `None` also where the
    /// block says itself how plain HTTP comes in.
    pub(super) fn redirect(&self) -> Option<Redirect> {
        let redirect = self.controller()?.facts()?.redirect?;
        let own = &self.ingress.annotations;
        let is_said = redirect.said_by.iter().any(|key| own.contains_key(*key));
        (!is_said).then_some(redirect)
    }

    /// Whether nobody wants to know who serves it.
    pub(super) fn is_not_wanted(&self) -> bool {
        self.class == Class::NotWanted
    }

    /// The name of the class.
    pub(super) fn class_name(&self) -> Option<&str> {
        match &self.class {
            Class::Known(class) => Some(&class.name),
            Class::Unasked | Class::NotWanted | Class::Unread { .. } | Class::Missing(_) => self.guessed_by(),
        }
    }
}

/// What must be known of the outside. Who says that the limits come from elsewhere asks nothing.
pub(super) fn needs(spec: &RegistrySpec) -> Vec<Need> {
    let Way::Ingress(ingress) = spec.way() else { return Vec::new() };
    if ingress.controller == Some(Controller::Other) {
        return Vec::new();
    }
    let own = named_class(ingress).is_none().then(|| own_need(spec));
    own.into_iter().chain([Need::IngressClasses]).collect()
}

/// The class by which an Ingress is served.
fn class(spec: &RegistrySpec, ingress: &Ingress, context: &CompileContext<'_>) -> Class {
    if ingress.controller == Some(Controller::Other) {
        return Class::Unasked;
    }
    let given = || given_class(spec, context.facts).filter(|_| named_class(ingress).is_none());
    let (read, unknown) = match context.facts.get(&Need::IngressClasses) {
        Some(Fact::IngressClasses(read)) => (read.as_deref(), Class::Unasked),
        Some(Fact::Unknown(why) | Fact::Failed(why)) => {
            (None, Class::Unread { why: why.clone(), given: given() })
        }
        Some(Fact::NotWanted) => (None, Class::NotWanted),
        _ => (None, Class::Unasked),
    };
    let all = with_declared(read.unwrap_or_default(), context.declared_ingress_classes);
    let own = given();
    let name = named_class(ingress).or(own.as_deref());
    let found = match name {
        Some(name) => all.iter().find(|class| class.name == name),
        None => default_class(&all),
    };
    match (found, read) {
        (Some(class), _) => Class::Known(class.clone()),
        (None, Some(_)) => Class::Missing(name.map(str::to_owned)),
        (None, None) => unknown,
    }
}

/// The class that the block names, by the key or by the annotation that was the way before there was a field for it.
fn named_class(ingress: &Ingress) -> Option<&str> {
    let annotated = ingress.annotations.get(CLASS_ANNOTATION);
    ingress.class.as_deref().or(annotated.map(String::as_str))
}

/// The question for the Ingress itself: the server has given it the class that was the default one when it was made.
fn own_need(spec: &RegistrySpec) -> Need {
    let identity = Identity::namespaced("networking.k8s.io", "Ingress", spec.namespace.as_str(), &spec.name);
    Need::Live(Target { identity, version: Some("v1".to_owned()) })
}

/// The class that the server, or somebody else, has given to the Ingress, in the field or in the annotation that was the way
/// before. One that we have given it goes with this plan, which names none.
fn given_class(spec: &RegistrySpec, facts: &Facts) -> Option<String> {
    let Some(Fact::Live(LiveObject::There(live))) = facts.get(&own_need(spec)) else { return None };
    let places = [
        FieldPath::keys(["spec", "ingressClassName"]),
        FieldPath::keys(["metadata", "annotations", CLASS_ANNOTATION]),
    ];
    let is_theirs =
        |place: &FieldPath| !live.ownership.owners_of(place).iter().any(|owner| is_ours(&owner.name));
    let mut given = places.iter().filter(|place| is_theirs(place));
    given.find_map(|place| place.get(&live.object)?.as_str().map(str::to_owned))
}
