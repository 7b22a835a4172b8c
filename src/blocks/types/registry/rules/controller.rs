//! The controller of an Ingress: whether it is known, and what it cannot be told.

use super::Rules;
use crate::blocks::codes;
use crate::blocks::ingress_controllers::Controller;
use crate::blocks::types::registry::options::Ingress;
use crate::blocks::types::registry::serving::{Class, Serving};

/// What is done where no class is named, and nobody knows the controller of the default one.
const DEFAULT_LIMITS: &str = "It is told the limits of ingress-nginx: another one may end a long push, and serve plain HTTP beside HTTPS";

impl Rules<'_> {
    /// Who serves the Ingress.
    pub(super) fn served(&mut self, ingress: &Ingress) {
        let Some(serving) = self.registry.serving.filter(|serving| !serving.is_not_wanted()) else { return };
        self.disagreement(ingress, serving);
        let is_known = ingress.controller.is_some() || serving.told().is_some();
        if !is_known {
            self.not_known(serving);
        }
        // A guess at the default class tells of nobody who is retired, or has limits.
        let is_told = is_known || serving.guessed_by().is_some();
        let Some(controller) = serving.controller().filter(|_| is_told) else { return };
        self.retired(ingress, controller);
        self.limits(ingress, serving, controller);
    }

    /// Neither the block nor the class tells of a controller.
    fn not_known(&mut self, serving: &Serving<'_>) {
        match (&serving.class, serving.guessed_by(), serving.controller()) {
            (Class::Unread { why, .. }, ..) => self.unread(serving, why),
            (_, None, _) => self.unknown_default(serving),
            (_, Some(name), None) => self.unknown_class(serving, name),
            (_, Some(name), Some(assumed)) => self.unknown_behind_name(serving, name, assumed),
        }
    }

    /// The cluster did not tell of its classes. Where that passes, the next plan may think otherwise.
    fn unread(&mut self, serving: &Serving<'_>, why: &str) {
        let class = match serving.guessed_by() {
            Some(name) => format!("the class `{name}`"),
            None => "the Ingress".to_owned(),
        };
        let assumed = match (serving.guessed_by(), serving.controller()) {
            (Some(_), Some(assumed)) => taken_for(assumed),
            (Some(_), None) if self.has_tls() => {
                "So it is told no limits, and it may serve plain HTTP beside HTTPS".to_owned()
            }
            (Some(_), None) => "So it is told no limits".to_owned(),
            (None, _) => DEFAULT_LIMITS.to_owned(),
        };
        self.warn(
            codes::UNKNOWN_CONTROLLER,
            serving.key(),
            format!("{why}, so nobody knows here which controller serves {class}. {assumed}"),
            "plan again if that passes by itself. Otherwise let this run list `ingressclasses` (`networking.k8s.io`), or name \
             the controller, as in `ingress.controller = \"contour\"`",
        );
    }

    /// The class tells of one controller, and the block names another one.
    fn disagreement(&mut self, ingress: &Ingress, serving: &Serving<'_>) {
        let Class::Known(class) = &serving.class else { return };
        let (Some(named), Some(told)) = (ingress.controller, serving.told()) else { return };
        if named != told {
            self.warn(
                codes::UNKNOWN_CONTROLLER,
                &["ingress", "controller"],
                format!(
                    "the class `{}` is served by {} (`{}`), and `ingress.controller` names {}: the Ingress gets annotations that \
                     nobody reads",
                    class.name,
                    told.name(),
                    class.controller,
                    named.name()
                ),
                "take `ingress.controller` out, or name another class (`ingress.class`)",
            );
        }
    }

    /// Nobody knows which controller serves the class.
    fn unknown_class(&mut self, serving: &Serving<'_>, name: &str) {
        let message = match &serving.class {
            Class::Known(class) => format!(
                "the class `{name}` is served by `{}`, of which nothing is known here, so it is told no limits",
                class.controller
            ),
            Class::Missing(_) => {
                format!(
                    "there is no class `{name}`, and by its name no controller is known, so it is told no limits"
                )
            }
            Class::Unasked | Class::NotWanted | Class::Unread { .. } => {
                format!("nobody knows which controller serves the class `{name}`, so it is told no limits")
            }
        };
        self.warn(
            codes::UNKNOWN_CONTROLLER,
            serving.key(),
            message,
            "name it (`ingress.controller = \"contour\"`), or say `\"other\"` where it has its limits from elsewhere",
        );
    }

    /// The class has the name of a controller, and another one serves it, of which nothing is known; or it is not there. Where
    /// the block names such a class, the plan says it of the Ingress.
    fn unknown_behind_name(&mut self, serving: &Serving<'_>, name: &str, assumed: Controller) {
        let message = match &serving.class {
            Class::Known(class) => format!(
                "the class `{name}` is served by `{}`, of which nothing is known here. By its name it is taken for that of {}, \
                 and told the limits of that controller",
                class.controller,
                assumed.name()
            ),
            Class::Missing(_) if serving.named().is_none() => {
                let taken_for = taken_for(assumed);
                format!(
                    "there is no class `{name}`, so nobody knows whether a controller serves the Ingress. {taken_for}"
                )
            }
            Class::Missing(_) | Class::Unasked | Class::NotWanted | Class::Unread { .. } => return,
        };
        self.warn(
            codes::UNKNOWN_CONTROLLER,
            serving.key(),
            message,
            "name the controller (`ingress.controller`), or say `\"other\"` where it has its limits from elsewhere",
        );
    }

    /// The block names no class, and nobody knows which controller serves the default one.
    fn unknown_default(&mut self, serving: &Serving<'_>) {
        let who = match &serving.class {
            Class::Known(class) => {
                format!(
                    "the Ingress has the class `{}`, which is served by `{}`, of which nothing is known here",
                    class.name, class.controller
                )
            }
            Class::Missing(_) => {
                "the cluster has no default class, so nobody knows whether a controller serves the Ingress"
                    .to_owned()
            }
            Class::Unasked | Class::NotWanted | Class::Unread { .. } => {
                "the cluster's default class is used, and nobody knows here which controller serves it"
                    .to_owned()
            }
        };
        self.warn(
            codes::UNKNOWN_CONTROLLER,
            &["ingress"],
            format!("{who}. {DEFAULT_LIMITS}"),
            "name the class (`ingress.class = \"contour\"`), or the controller of the default class (`ingress.controller = \
             \"traefik\"`)",
        );
    }

    /// A controller that nobody mends any more.
    fn retired(&mut self, ingress: &Ingress, controller: Controller) {
        let Some(message) = controller.retirement() else { return };
        let key = if ingress.controller.is_some() { "controller" } else { "class" };
        self.warn(
            codes::RETIRED_CONTROLLER,
            &["ingress", key],
            message.to_owned(),
            "move to another controller (`ingress.class`) or to a Gateway (`gateway.class`), as docs/exposing.md says; where \
             the class is that of F5's controller, say `ingress.controller = \"f5-nginx\"`",
        );
    }

    /// What a known controller cannot be told.
    fn limits(&mut self, ingress: &Ingress, serving: &Serving<'_>, controller: Controller) {
        if controller == Controller::Traefik && !serving.installs(controller) {
            self.warn(
                codes::UNKNOWN_CONTROLLER,
                &["ingress", "class"],
                "Traefik ends a push after 60 seconds, unless its entry point says otherwise: no annotation changes that"
                    .to_owned(),
                "a chart with `preset = \"traefik\"` says so. Of another Traefik, set \
                 `transport.respondingTimeouts.readTimeout` of its entry point `websecure` to `0`, and say \
                 `ingress.controller = \"other\"` where that is done and the entry points have other names",
            );
        }
        if ingress.body_size != "0" && !controller.limits_bodies() && controller != Controller::Other {
            self.warn(
                codes::USELESS_KEY,
                &["ingress", "body_size"],
                "this controller has no limit for bodies".to_owned(),
                "take `body_size` out",
            );
        }
    }
}

/// What is assumed of a controller by the name of its class.
fn taken_for(assumed: Controller) -> String {
    format!(
        "By the name of the class it is taken for {}, and told the limits of that controller",
        assumed.name()
    )
}
