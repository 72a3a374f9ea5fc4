# Neighbourhood components analysis: the expected number of points classified right
# Goldberger, Roweis, Hinton and Salakhutdinov (2005), Neighbourhood components analysis
X: 4 x m
Y: 3 x m
A: 2 x 4
Z = A @ X
q = sum(Z**2, axis=0)
E = exp(2 * Z.T @ Z - q - q.T) * (1 - eye(m))
P = E / sum(E, axis=1)
loss = -sum(P * (Y.T @ Y))
