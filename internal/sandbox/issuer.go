package sandbox

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"time"
)

// issuer serves what vstoken.dev.azure.com serves, over TLS with a certificate of
// an authority that lives as long as the process. client reaches it under its real
// name; nothing else of the emulators is shared.
func issuer(now time.Time, h http.Handler) (server *http.Server, l net.Listener, client *http.Client, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("make issuer key: %w", err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "fedbot sandbox"}, DNSNames: []string{issuerHost},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(10, 0, 0), // the sandbox's clock may be moved far ahead
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, &key.PublicKey, key)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("make issuer certificate: %w", err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("read issuer certificate: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, nil, fmt.Errorf("listen as issuer: %w", err)
	}
	l = tls.NewListener(plain, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12})
	client = &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, _, address string) (net.Conn, error) {
			if host, _, err := net.SplitHostPort(address); err != nil || host != issuerHost {
				return nil, fmt.Errorf("the sandbox reaches no host but %s, not %s", issuerHost, address)
			}
			var d net.Dialer
			return d.DialContext(ctx, "tcp", plain.Addr().String())
		},
	}}
	return &http.Server{Handler: h, ReadHeaderTimeout: 5 * time.Second}, l, client, nil
}
