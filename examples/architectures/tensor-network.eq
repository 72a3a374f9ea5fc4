# A neural tensor network for pairs of entities
# Socher, Chen, Manning and Ng (2013), Reasoning with neural tensor networks for knowledge base completion
X1, X2: 3 x m input
Y: 1 x m
W[1..2]: 3 x 3
V: 2 x 6
b: 2 x 1
u: 1 x 2
S1 = sum(X1 * (W1 @ X2), axis=0)
S2 = sum(X1 * (W2 @ X2), axis=0)
g = u @ tanh(vstack(S1, S2) + V @ vstack(X1, X2) + b)
loss = mean(softplus(-Y * g))
