# Two planar layers of a normalising flow
# Rezende and Mohamed (2015), Variational inference with normalizing flows
X: 3 x m
w[1..2], u[1..2]: 3 x 1
b[1..2]: 1 x 1
z[0] = X
L[0] = zeros(1, m)
repeat k = 1..2:
    a[k] = tanh(w[k].T @ z[k-1] + b[k])
    z[k] = z[k-1] + u[k] @ a[k]
    L[k] = L[k-1] + log(abs(1 + (1 - a[k]**2) * (u[k].T @ w[k])))
loss = mean(sum(z[2]**2, axis=0) / 2 - L[2])
