# SPDX-License-Identifier: GPL-2.0-or-later
#
# JSON Schema (draft 7) in jq, as far as the schemas in psnap-json(5) use it.
# A keyword that is not known here is an error: a rule that nobody checks would
# look like a rule that is kept. What the schemas say is not repeated here.

def is_integer: type == "number" and . == floor;

def has_type($name):
	if $name == "integer" then is_integer else type == $name end;

def schema_at($root; $ref):
	if $ref | startswith("#/") then
		$root | getpath($ref[2:] / "/")
		| if . == null then error("\($ref) leads nowhere") else . end
	else error("\($ref) is not in the same document") end;

# Each way in which the input breaks schema $s, as a line of text.
def schema_errors($s; $root; $path):
	. as $doc
	| def errors($sub): schema_errors($sub; $root; $path);
	def valid($sub): [errors($sub)] == [];
	def must(cond; $text): if cond then empty else "\($path): \($text)" end;

	# One keyword with its argument, draft 7, sections 6.1 to 6.7 and 8.3.
	def keyword($k; $a):
		if $k == "type" then
			must([$a] | flatten | any(.[]; . as $t | $doc | has_type($t));
				"is not of type \($a)")
		elif $k == "const" then must($doc == $a; "is not \($a)")
		elif $k == "enum" then must($a | any(.[]; . == $doc); "is none of \($a)")
		elif $k == "allOf" then $a[] as $sub | errors($sub)
		elif $k == "anyOf" then
			must($a | any(.[]; . as $sub | $doc | valid($sub));
				"fits no alternative")
		elif $k == "oneOf" then
			([$a[] as $sub | select($doc | valid($sub))] | length) as $n
			| must($n == 1; "fits \($n) alternatives, not one")
		elif $k == "not" then must(valid($a) | not; "is what it must not be")
		elif $k == "minimum" then
			must(type != "number" or . >= $a; "is below \($a)")
		elif $k == "maximum" then
			must(type != "number" or . <= $a; "is above \($a)")
		elif $k == "minLength" then
			must(type != "string" or length >= $a; "is shorter than \($a)")
		elif $k == "pattern" then
			must(type != "string" or test($a); "does not match \($a)")
		elif $k == "minItems" then
			must(type != "array" or length >= $a; "has fewer items than \($a)")
		elif $k == "items" then
			if type != "array" then empty
			else range(length) as $i
				| .[$i] | schema_errors($a; $root; "\($path)/\($i)") end
		elif $k == "required" then
			if type != "object" then empty
			else $a[] as $key | must(has($key); "has no \($key)") end
		elif $k == "properties" then
			if type != "object" then empty
			else keys[] as $key | select($a | has($key))
				| .[$key]
				| schema_errors($a[$key]; $root; "\($path)/\($key)") end
		elif $k == "additionalProperties" then
			if type != "object" then empty
			else (keys - ($s.properties // {} | keys))[] as $key
				| .[$key] | schema_errors($a; $root; "\($path)/\($key)") end
		elif $k == "propertyNames" then
			if type != "object" then empty
			else keys[] as $key
				| $key | schema_errors($a; $root; "\($path)/\($key)") end
		elif ["$schema", "title", "description", "definitions"]
			| index($k) then empty
		else error("schema keyword \($k) is not known") end;

	if $s == true then empty
	elif $s == false then "\($path): is not allowed"
	# In draft 7 what stands beside a reference does not count.
	elif $s | has("$ref") then errors(schema_at($root; $s["$ref"]))
	else $s | to_entries[] as $e | $doc | keyword($e.key; $e.value) end;

def schema_errors($schema): schema_errors($schema; $schema; "");
