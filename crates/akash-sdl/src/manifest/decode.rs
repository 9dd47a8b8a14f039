//! JSON to a manifest as Go's decoder does it, with Go's error texts.

use serde_json::{Map, Value};

use super::{
    Amount, Attribute, Credentials, Endpoint, Expose, Group, HttpOptions, Manifest, ManifestError, Memory,
    Mount, Params, Permissions, Resources, Service, Tee, Units, Volume,
};

type Decoded<T> = Result<T, ManifestError>;

/// Reads the first JSON value of a body.
pub(super) fn manifest(body: &[u8]) -> Decoded<Manifest> {
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    match values.next() {
        None => Err(undecodable("EOF")),
        Some(Err(error)) if error.is_eof() => Err(undecodable("unexpected EOF")),
        Some(Err(error)) => Err(undecodable(format!("invalid JSON: {error}"))),
        Some(Ok(read)) => value(&read),
    }
}

/// Reads a JSON value.
pub(super) fn value(value: &Value) -> Decoded<Manifest> {
    if value.is_null() {
        return Ok(Manifest(vec![]));
    }
    let Value::Array(groups) = value else {
        return Err(undecodable(format!(
            "json: cannot unmarshal {} into Go value of type v2beta3.Manifest",
            name(value)
        )));
    };
    let root = Object { go: "Group", path: String::new(), map: None };
    let groups = groups.iter().map(|each| group(&root.item(each, "Group", "v2beta3.Group")?));
    Ok(Manifest(groups.collect::<Decoded<_>>()?))
}

fn undecodable(problem: impl Into<String>) -> ManifestError {
    ManifestError::Undecodable { problem: problem.into() }
}

fn name(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "bool".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(_) => "string".to_owned(),
        Value::Array(_) => "array".to_owned(),
        Value::Object(_) => "object".to_owned(),
    }
}

/// A JSON object that becomes a Go struct; a null one has no keys.
struct Object<'a> {
    /// The struct's name, for errors.
    go: &'static str,
    /// The keys that led here.
    path: String,
    map: Option<&'a Map<String, Value>>,
}

impl<'a> Object<'a> {
    /// A key's value; Go does not look at the case. Null is as good as absent.
    fn get(&self, key: &str) -> Option<&'a Value> {
        let map = self.map?;
        let loose = || map.iter().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, value)| value);
        map.get(key).or_else(loose).filter(|value| !value.is_null())
    }

    fn join(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    fn wrong(&self, key: &str, found: &str, wanted: &str) -> ManifestError {
        let path = if key.is_empty() { self.path.clone() } else { self.join(key) };
        let place = if path.is_empty() { String::new() } else { format!("struct field {}.{path} ", self.go) };
        let place = if place.is_empty() { "value ".to_owned() } else { place };
        undecodable(format!("json: cannot unmarshal {found} into Go {place}of type {wanted}"))
    }

    /// An item of the list that is read with this object's path.
    fn item(&self, value: &'a Value, go: &'static str, wanted: &str) -> Decoded<Self> {
        let map = match value {
            Value::Null => None,
            Value::Object(map) => Some(map),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(self.wrong("", &name(value), wanted));
            }
        };
        Ok(Object { go, path: self.path.clone(), map })
    }

    /// A nested object; `None` when absent.
    fn object(&self, key: &str, go: &'static str, wanted: &str) -> Decoded<Option<Self>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Object(map)) => Ok(Some(Object { go, path: self.join(key), map: Some(map) })),
            Some(other) => Err(self.wrong(key, &name(other), wanted)),
        }
    }

    /// A list of objects; `None` when absent.
    fn list<T>(
        &self,
        key: &str,
        (go, wanted, item): (&'static str, &str, &str),
        read: impl Fn(&Self) -> Decoded<T>,
    ) -> Decoded<Option<Vec<T>>> {
        match self.get(key) {
            None => Ok(None),
            Some(Value::Array(items)) => {
                let inside = Object { go: self.go, path: self.join(key), map: None };
                items.iter().map(|each| read(&inside.item(each, go, item)?)).collect::<Decoded<_>>().map(Some)
            }
            Some(other) => Err(self.wrong(key, &name(other), wanted)),
        }
    }

    fn text(&self, key: &str) -> Decoded<String> {
        match self.get(key) {
            None => Ok(String::new()),
            Some(Value::String(text)) => Ok(text.clone()),
            Some(other) => Err(self.wrong(key, &name(other), "string")),
        }
    }

    fn texts(&self, key: &str) -> Decoded<Option<Vec<String>>> {
        let each = |item: &Value| match item {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.clone()),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                Err(self.wrong(key, &name(item), "string"))
            }
        };
        match self.get(key) {
            None => Ok(None),
            Some(Value::Array(items)) => items.iter().map(each).collect::<Decoded<_>>().map(Some),
            Some(other) => Err(self.wrong(key, &name(other), "[]string")),
        }
    }

    fn number(&self, key: &str) -> Decoded<u32> {
        match self.get(key) {
            None => Ok(0),
            Some(Value::Number(number)) => number
                .as_u64()
                .and_then(|n| u32::try_from(n).ok())
                .ok_or_else(|| self.wrong(key, &format!("number {number}"), "uint32")),
            Some(other) => Err(self.wrong(key, &name(other), "uint32")),
        }
    }

    fn truth(&self, key: &str) -> Decoded<bool> {
        match self.get(key) {
            None => Ok(false),
            Some(Value::Bool(truth)) => Ok(*truth),
            Some(other) => Err(self.wrong(key, &name(other), "bool")),
        }
    }

    fn amount(&self, key: &str) -> Decoded<Amount> {
        let Some(inside) = self.object(key, "ResourceValue", "v1beta4.ResourceValue")? else {
            return Ok(Amount { val: 0 });
        };
        if inside.get("val").is_none() {
            return Ok(Amount { val: 0 });
        }
        let text = inside.text("val")?;
        let bad = |_| undecodable(format!("math/big: cannot unmarshal {text:?} into a *big.Int"));
        Ok(Amount { val: text.parse().map_err(bad)? })
    }

    fn attributes(&self) -> Decoded<Vec<Attribute>> {
        let list = self.list("attributes", ("Attribute", "v1.Attributes", "v1.Attribute"), |attribute| {
            Ok(Attribute { key: attribute.text("key")?, value: attribute.text("value")? })
        })?;
        Ok(list.unwrap_or_default())
    }
}

fn group(group: &Object<'_>) -> Decoded<Group> {
    let services = group.list("services", ("Service", "v2beta3.Services", "v2beta3.Service"), service)?;
    Ok(Group { name: group.text("name")?, services: services.unwrap_or_default() })
}

fn service(service: &Object<'_>) -> Decoded<Service> {
    let resources = service.object("resources", "Resources", "v1beta4.Resources")?;
    let expose = service.list(
        "expose",
        ("ServiceExpose", "v2beta3.ServiceExposes", "v2beta3.ServiceExpose"),
        expose,
    )?;
    let params = service.object("params", "ServiceParams", "v2beta3.ServiceParams")?;
    let credentials = service.object("credentials", "ImageCredentials", "v2beta3.ImageCredentials")?;
    Ok(Service {
        name: service.text("name")?,
        image: service.text("image")?,
        command: service.texts("command")?,
        args: service.texts("args")?,
        env: service.texts("env")?,
        resources: resources.map(|r| self::resources(&r)).transpose()?.unwrap_or_default(),
        count: service.number("count")?,
        expose: expose.unwrap_or_default(),
        params: params.map(|p| self::params(&p)).transpose()?,
        credentials: credentials
            .map(|c| {
                Ok::<_, ManifestError>(Credentials {
                    host: c.text("host")?,
                    email: c.text("email")?,
                    username: c.text("username")?,
                    password: c.text("password")?,
                })
            })
            .transpose()?,
    })
}

fn resources(resources: &Object<'_>) -> Decoded<Resources> {
    let units = |object: Object<'_>| {
        Ok::<_, ManifestError>(Units { units: object.amount("units")?, attributes: object.attributes()? })
    };
    let memory = resources.object("memory", "Memory", "v1beta4.Memory")?;
    Ok(Resources {
        id: resources.number("id")?,
        cpu: resources.object("cpu", "CPU", "v1beta4.CPU")?.map(units).transpose()?,
        memory: memory
            .map(|m| Ok::<_, ManifestError>(Memory { size: m.amount("size")?, attributes: m.attributes()? }))
            .transpose()?,
        storage: resources.list("storage", ("Storage", "v1beta4.Volumes", "v1beta4.Storage"), |volume| {
            let attributes = volume.attributes()?;
            Ok(Volume { name: volume.text("name")?, size: volume.amount("size")?, attributes })
        })?,
        gpu: resources.object("gpu", "GPU", "v1beta4.GPU")?.map(units).transpose()?,
        endpoints: resources.list(
            "endpoints",
            ("Endpoint", "v1beta4.Endpoints", "v1beta4.Endpoint"),
            |e| Ok(Endpoint { kind: e.number("kind")?, sequence_number: e.number("sequence_number")? }),
        )?,
    })
}

fn expose(expose: &Object<'_>) -> Decoded<Expose> {
    let http =
        expose.object("httpOptions", "ServiceExposeHTTPOptions", "v2beta3.ServiceExposeHTTPOptions")?;
    Ok(Expose {
        port: expose.number("port")?,
        external_port: expose.number("externalPort")?,
        proto: expose.text("proto")?,
        service: expose.text("service")?,
        global: expose.truth("global")?,
        hosts: expose.texts("hosts")?,
        http_options: http.map(|h| http_options(&h)).transpose()?.unwrap_or_default(),
        ip: expose.text("ip")?,
        endpoint_sequence_number: expose.number("endpointSequenceNumber")?,
    })
}

fn http_options(options: &Object<'_>) -> Decoded<HttpOptions> {
    Ok(HttpOptions {
        max_body_size: options.number("maxBodySize")?,
        read_timeout: options.number("readTimeout")?,
        send_timeout: options.number("sendTimeout")?,
        next_tries: options.number("nextTries")?,
        next_timeout: options.number("nextTimeout")?,
        next_cases: options.texts("nextCases")?.unwrap_or_default(),
        proxy_buffer_size: options.number("proxyBufferSize")?,
    })
}

fn params(params: &Object<'_>) -> Decoded<Params> {
    let permissions = params.object("permissions", "ServicePermissions", "v2beta3.ServicePermissions")?;
    let tee = params.object("tee", "TEEParams", "v2beta3.TEEParams")?;
    Ok(Params {
        storage: params.list(
            "storage",
            ("StorageParams", "[]v2beta3.StorageParams", "v2beta3.StorageParams"),
            |m| Ok(Mount { name: m.text("name")?, mount: m.text("mount")?, read_only: m.truth("readOnly")? }),
        )?,
        permissions: permissions
            .map(|p| Ok::<_, ManifestError>(Permissions { read: p.texts("read")?.unwrap_or_default() }))
            .transpose()?,
        tee: tee
            .map(|t| {
                Ok::<_, ManifestError>(Tee { kind: t.text("type")?, attestation: t.truth("attestation")? })
            })
            .transpose()?,
    })
}
