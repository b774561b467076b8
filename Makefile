.PHONY: check test sandbox golden fuzz bench kill mutate

check: ## everything that must be true, as CI runs it
	.ci/run

test: ## all tests, without what only CI needs
	go test ./...

sandbox: ## try it: http://127.0.0.1:7070
	go run ./cmd/fedbot sandbox

golden: ## write the golden cards, plans and policies anew; read the diff before you commit it
	go test $$(grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -n1 dirname | sort -u) -update

FOR ?= 10m
fuzz: ## every parser for FOR each (10m)
	@grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' . | sed 's/func //' | while IFS=: read -r f name; do \
	  echo "$$f $$name"; go test -run '^$$' -fuzz "^$$name\$$" -fuzztime $(FOR) "./$$(dirname $$f)" || exit 1; done

bench: ## the store, policies, the emulators among ten and among thousands, what a federation costs, acknowledgements
	go test -run '^$$' -bench . -benchmem ./store/... ./policies ./internal/emulate/... ./internal/sandbox

kill: ## a hundred kills of fedbot serve while its world runs on, and of the whole sandbox
	go test ./internal/sandbox -run 'TestKill' -kills 100 -timeout 30m

mutate: ## take each rule about who counts out of the code in turn, and want its test to fail (minutes)
	go test ./internal/arch -run TestEachRuleIsHeld -mutate -timeout 20m
