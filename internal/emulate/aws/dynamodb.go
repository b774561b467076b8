package aws

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Table is a DynamoDB table with a partition key and perhaps a sort key. Items
// are those that a seed puts in, in DynamoDB's JSON.
type Table struct {
	Account string            `json:"account"`
	Region  string            `json:"region"`
	Name    string            `json:"name"`
	Key     string            `json:"key"`             // name of the partition key
	Sort    string            `json:"sort,omitempty"`  // name of the sort key
	Types   map[string]string `json:"types,omitempty"` // "S", "N" or "B" by key name; "S" if not said
	Created time.Time         `json:"created,omitzero"`
	Items   []json.RawMessage `json:"items,omitempty"`
}

// attributes are an item as it is on the wire: a typed value by name.
type attributes map[string]map[string]json.RawMessage

// item is a stored item with the table it is in.
type item struct {
	Table string     `json:"table"`
	Attrs attributes `json:"attrs"`
}

const dynamoTarget = "DynamoDB_20120810."

var dynamoOperations = map[string]func(*call, dynamoInput, Table) (any, error){
	"PutItem": putItem, "GetItem": getItem, "DeleteItem": deleteItem, "Query": queryItems, "Scan": scanItems,
	"DescribeTable": describeTable, "DeleteTable": deleteTable,
}

// dynamoInput is the part of the requests that is emulated. Any other field is
// refused by its name, so that no condition is ever passed over.
type dynamoInput struct {
	TableName                   string
	Item, Key                   attributes
	KeyConditionExpression      string
	ExpressionAttributeNames    map[string]string
	ExpressionAttributeValues   attributes
	Limit                       *int
	ConsistentRead              bool
	ReturnConsumedCapacity      string
	ReturnValues                string
	ScanIndexForward            *bool
	Select                      string
	ReturnItemCollectionMetrics string
}

// dynamoService is a little of DynamoDB over JSON 1.0.
func dynamoService() service {
	return service{
		names:  append(slices.Sorted(maps.Keys(dynamoOperations)), "ListTables"),
		errors: jsonDoubts,
		operation: func(c *call) string {
			name, ok := strings.CutPrefix(c.r.Header.Get("X-Amz-Target"), dynamoTarget)
			if _, known := dynamoOperations[name]; ok && (known || name == "ListTables") {
				return name
			}
			return ""
		},
		serve: serveDynamo,
		fail: func(w http.ResponseWriter, c *call, no *refusal) {
			prefix := "com.amazonaws.dynamodb.v20120810#"
			if slices.Contains([]string{"AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException", "ExpiredTokenException", "MissingAuthenticationTokenException", "ValidationException", "SerializationException"}, no.code) {
				prefix = "com.amazon.coral.service#"
			}
			failJSON("1.0", prefix)(w, c, no)
		},
	}
}

func serveDynamo(c *call, w http.ResponseWriter) (err error) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if err := c.believe(); err != nil {
		return err
	}
	if c.operation == "" {
		return refuse(400, "UnknownOperationException", "%s is not an operation that is emulated", c.r.Header.Get("X-Amz-Target"))
	}
	var in dynamoInput
	if strings.Contains(c.operation, "Table") { // items are data, which no trail follows unless told to
		defer func() {
			var ev trailEvent
			if in.TableName != "" {
				ev.Resources = []trailResource{{"AWS::DynamoDB::Table", in.TableName}}
			}
			c.recordManagement(ev, c.operation != "DeleteTable", map[string]any{"tableName": in.TableName}, err)
		}()
	}
	if c.operation == "ListTables" {
		return c.listTables(w)
	}
	dec := json.NewDecoder(strings.NewReader(string(c.body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return validation("%s cannot be read here: %v", c.operation, strings.TrimPrefix(err.Error(), "json: "))
	}
	arn := in.TableName
	if !strings.HasPrefix(arn, "arn:") {
		arn = tableARN(c.caller.account, c.region, in.TableName)
	}
	if err := c.authorise(target{action: "dynamodb:" + c.operation, resource: arn, account: arnAccount(arn)}); err != nil {
		return err
	}
	t, ok := c.s.tables.Get(arn)
	if !ok {
		text := "Requested resource not found"
		if strings.HasSuffix(c.operation, "Table") {
			text += ": Table: " + in.TableName + " not found"
		}
		return refuse(400, "ResourceNotFoundException", "%s", text)
	}
	out, err := dynamoOperations[c.operation](c, in, t)
	if err != nil {
		return err
	}
	return writeJSON(w, c, "1.0", out)
}

func validation(format string, args ...any) *refusal {
	return refuse(400, "ValidationException", format, args...)
}

func tableARN(account, region, name string) string {
	return "arn:aws:dynamodb:" + region + ":" + account + ":table/" + name
}

func (t Table) arn() string { return tableARN(t.Account, t.Region, t.Name) }

func (t Table) keyNames() []string {
	if t.Sort == "" {
		return []string{t.Key}
	}
	return []string{t.Key, t.Sort}
}

func (t Table) keyType(name string) string { return orText(t.Types[name], "S") }

func (c *call) listTables(w http.ResponseWriter) error {
	if err := c.authorise(target{action: "dynamodb:ListTables", resource: "*"}); err != nil {
		return err
	}
	names := []string{}
	for _, t := range c.s.tables.All() {
		if t.Account == c.caller.account && t.Region == c.region {
			names = append(names, t.Name)
		}
	}
	return writeJSON(w, c, "1.0", map[string]any{"TableNames": names})
}

func (c *call) describe(t Table, status string) map[string]any {
	var schema, definitions []map[string]string
	for i, name := range t.keyNames() {
		schema = append(schema, map[string]string{"AttributeName": name, "KeyType": []string{"HASH", "RANGE"}[i]})
		definitions = append(definitions, map[string]string{"AttributeName": name, "AttributeType": t.keyType(name)})
	}
	return map[string]any{
		"TableName": t.Name, "TableArn": t.arn(), "TableStatus": status, "CreationDateTime": unix(t.Created),
		"KeySchema": schema, "AttributeDefinitions": definitions, "ItemCount": len(c.s.itemsOf(t)), "TableSizeBytes": 0,
		"BillingModeSummary":    map[string]string{"BillingMode": "PAY_PER_REQUEST"},
		"ProvisionedThroughput": map[string]int{"NumberOfDecreasesToday": 0, "ReadCapacityUnits": 0, "WriteCapacityUnits": 0},
	}
}

func describeTable(c *call, _ dynamoInput, t Table) (any, error) {
	return map[string]any{"Table": c.describe(t, "ACTIVE")}, nil
}

func deleteTable(c *call, _ dynamoInput, t Table) (any, error) {
	out := map[string]any{"TableDescription": c.describe(t, "DELETING")}
	for _, i := range c.s.itemsOf(t) {
		key, err := t.itemKey(i.Attrs, false)
		if err != nil {
			return nil, err
		}
		if err := remove(c.s, c.s.items, key); err != nil {
			return nil, err
		}
	}
	return out, remove(c.s, c.s.tables, t.arn())
}
