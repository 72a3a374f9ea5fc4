# A neural autoregressive density: one bit after another
# Larochelle and Murray (2011), The neural autoregressive distribution estimator
X: 4 x m
W: 5 x 4
c: 5 x 1
V: 4 x 5
b: 4 x 1
a[0] = c @ ones(1, m)
L[0] = zeros(1, m)
repeat d = 1..4:
    p[d] = sigmoid(V[d-1] @ sigmoid(a[d-1]) + b[d-1])
    L[d] = L[d-1] + X[d-1] * log(p[d]) + (1 - X[d-1]) * log(1 - p[d])
    a[d] = a[d-1] + W[:, d-1] @ X[d-1]
loss = -mean(L[4])
