// external-dns's own sources, plan, TXT registry and RFC 2136 provider, with its own flags; the package
// "controller" cannot be imported, since it pulls in every provider and not all of their modules are served.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	log "github.com/sirupsen/logrus"
	crlog "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/external-dns/endpoint"
	"sigs.k8s.io/external-dns/pkg/apis/externaldns"
	"sigs.k8s.io/external-dns/pkg/apis/externaldns/validation"
	"sigs.k8s.io/external-dns/plan"
	"sigs.k8s.io/external-dns/provider"
	"sigs.k8s.io/external-dns/provider/rfc2136"
	"sigs.k8s.io/external-dns/registry"
	"sigs.k8s.io/external-dns/registry/txt"
	"sigs.k8s.io/external-dns/source"
	"sigs.k8s.io/external-dns/source/annotations"
	"sigs.k8s.io/external-dns/source/wrappers"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	crlog.SetLogger(logr.Discard())
	cfg := externaldns.NewConfig()
	must(cfg.ParseFlags(os.Args[1:]))
	must(validation.ValidateConfig(cfg))
	annotations.SetAnnotationPrefix(cfg.AnnotationPrefix)
	sources, err := source.NewSourceConfig(cfg)
	must(err)
	src, err := wrappers.Build(ctx, sources)
	must(err)
	filter := endpoint.NewDomainFilterWithOptions(endpoint.WithDomainFilter(cfg.DomainFilter), endpoint.WithDomainExclude(cfg.DomainExclude))
	dns, err := rfc2136.New(ctx, cfg, filter)
	must(err)
	reg, err := txt.New(cfg, dns)
	must(err)
	for {
		if err := once(ctx, cfg, src, filter, reg); err != nil {
			log.Error(err)
		}
		if cfg.Once {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(cfg.Interval):
		}
	}
}

func once(ctx context.Context, cfg *externaldns.Config, src source.Source, filter *endpoint.DomainFilter, reg registry.Registry) error {
	current, err := reg.Records(ctx)
	if err != nil {
		return err
	}
	ctx = context.WithValue(ctx, provider.RecordsContextKey, current)
	wanted, err := src.Endpoints(ctx)
	if err != nil {
		return err
	}
	if wanted, err = reg.AdjustEndpoints(wanted); err != nil {
		return err
	}
	p := (&plan.Plan{
		Policies: []plan.Policy{plan.Policies[cfg.Policy]}, Current: current, Desired: wanted,
		DomainFilter:   endpoint.MatchAllDomainFilters{filter, reg.GetDomainFilter()},
		ManagedRecords: cfg.ManagedDNSRecordTypes, ExcludeRecords: cfg.ExcludeDNSRecordTypes, OwnerID: reg.OwnerID(),
	}).Calculate()
	if !p.Changes.HasChanges() {
		return nil
	}
	return reg.ApplyChanges(ctx, p.Changes)
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
