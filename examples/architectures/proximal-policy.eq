# Proximal policy optimisation with a clipped ratio
# Schulman, Wolski, Dhariwal, Radford and Klimov (2017), Proximal policy optimization algorithms
X: 4 x m
A, q: 1 x m input
Y: 3 x m
W: 5 x 4
V: 3 x 5
L = log_softmax(V @ tanh(W @ X))
r = exp(sum(Y * L, axis=0) - q)
H = -sum(exp(L) * L) / m
loss = -mean(min(r * A, clip(r, 0.8, 1.2) * A)) - 0.01 * H
