# Points in the plane whose neighbours are those of the data
# van der Maaten and Hinton (2008), Visualizing data using t-SNE
P: 5 x 5 constant
Z: 2 x 5
q = sum(Z**2, axis=0)
E = 1 / (1 + q + q.T - 2 * Z.T @ Z) * (1 - eye(5))
Q = E / sum(E)
loss = sum(P * (log(P) - log(Q + eye(5))))
