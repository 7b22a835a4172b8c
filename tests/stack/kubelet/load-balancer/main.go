// What a cloud does for Services of type LoadBalancer: Kubernetes' own service controller, for a cloud that has one
// address. It gives the address to each of them, and kube-proxy does the rest.
package main

import (
	"context"
	"flag"
	"os/signal"
	"syscall"
	"time"

	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	cloudprovider "k8s.io/cloud-provider"
	"k8s.io/cloud-provider/controllers/service"
	"k8s.io/component-base/featuregate"
	"k8s.io/component-base/metrics/prometheus/controllers"
	"k8s.io/klog/v2"
)

func main() {
	klog.InitFlags(nil)
	kubeconfig := flag.String("kubeconfig", "", "kubeconfig file")
	address := flag.String("address", "", "the address of every load balancer")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()

	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	check(err)
	client, err := kubernetes.NewForConfig(config)
	check(err)
	all := informers.NewSharedInformerFactory(client, 10*time.Minute)
	controller, err := service.New(cloud{*address}, client, all.Core().V1().Services(), all.Core().V1().Nodes(), "bed", featuregate.NewFeatureGate())
	check(err)
	all.Start(ctx.Done())
	controller.Run(ctx, 1, controllers.NewControllerManagerMetrics("load-balancer"))
}

func check(err error) {
	if err != nil {
		klog.Fatal(err)
	}
}

// A cloud with this address, and nothing else.
type cloud struct{ address string }

func (c cloud) status() *v1.LoadBalancerStatus {
	return &v1.LoadBalancerStatus{Ingress: []v1.LoadBalancerIngress{{IP: c.address}}}
}

func (c cloud) GetLoadBalancer(context.Context, string, *v1.Service) (*v1.LoadBalancerStatus, bool, error) {
	return c.status(), true, nil
}

func (c cloud) GetLoadBalancerName(_ context.Context, _ string, service *v1.Service) string {
	return cloudprovider.DefaultLoadBalancerName(service)
}

func (c cloud) EnsureLoadBalancer(context.Context, string, *v1.Service, []*v1.Node) (*v1.LoadBalancerStatus, error) {
	return c.status(), nil
}

func (cloud) UpdateLoadBalancer(context.Context, string, *v1.Service, []*v1.Node) error { return nil }

func (cloud) EnsureLoadBalancerDeleted(context.Context, string, *v1.Service) error { return nil }

func (c cloud) LoadBalancer() (cloudprovider.LoadBalancer, bool) { return c, true }

func (cloud) Initialize(cloudprovider.ControllerClientBuilder, <-chan struct{}) {}

func (cloud) Instances() (cloudprovider.Instances, bool) { return nil, false }

func (cloud) InstancesV2() (cloudprovider.InstancesV2, bool) { return nil, false }

func (cloud) Zones() (cloudprovider.Zones, bool) { return nil, false }

func (cloud) Clusters() (cloudprovider.Clusters, bool) { return nil, false }

func (cloud) Routes() (cloudprovider.Routes, bool) { return nil, false }

func (cloud) ProviderName() string { return "bed" }

func (cloud) HasClusterID() bool { return true }
