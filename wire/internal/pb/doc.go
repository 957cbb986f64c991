// Package pb is generated from wire.proto: the protobuf form of the frame
// bodies. Only package wire may see it; everybody else uses wire's own types,
// whose fields are checked and bounded.
package pb

//go:generate sh -c "protoc --plugin=protoc-gen-go=$(go tool -n protoc-gen-go) --go_out=. --go_opt=paths=source_relative wire.proto"
